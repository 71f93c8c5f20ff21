"""Trains adapters for the multimodal scorer on a dataset folder. The agent never imports this room."""
