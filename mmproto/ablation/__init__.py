"""Ablations: a table of trainings that anybody can repeat."""
