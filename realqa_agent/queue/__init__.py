"""Which files wait to be scored, who works on them, and what happens when that fails."""
