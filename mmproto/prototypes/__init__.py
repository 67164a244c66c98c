"""Prototypes: found in features, clustered, projected, pruned."""
