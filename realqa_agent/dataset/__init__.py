"""Rated pictures as data sets: read as they are published, checked, split, written as conversations."""
