"""A photographer's own taste: what their ratings say beyond the first look, how far it holds, and what it adds."""
