"""Processes that open and score files, and the parent's way to hand them work."""
