"""Tools that fit what the package ships; nothing here is installed with it."""
