"""Which files are there, complete, and new. Events are hints, the reconciling scan is the truth."""
