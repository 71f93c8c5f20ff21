"""Assessments in, verdicts out. Pure functions."""
