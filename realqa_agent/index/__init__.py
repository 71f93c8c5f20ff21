"""The SQLite file that knows every asset, file, assessment and verdict."""
