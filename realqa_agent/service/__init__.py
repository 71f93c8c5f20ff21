"""Owns the agent's time and processes: scan, watch, hand out work, record, stop cleanly."""
