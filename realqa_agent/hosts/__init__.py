"""The programs that photographers have: where they are, how they are set up, what of ours is put into them."""
