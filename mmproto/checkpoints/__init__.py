"""Checkpoints that are made from other checkpoints."""
