"""Ablations and comparisons: tables of trainings that anyone can repeat."""
