"""How rated sets lie on a disk: one module for each layout, all of them giving the same words."""
