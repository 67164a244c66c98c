"""Give a trained segmentor a concept head, on its frozen features."""
