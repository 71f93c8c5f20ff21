"""Training of the first-look scorer: see the README beside this file."""
