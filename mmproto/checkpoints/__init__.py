"""Make checkpoints from other checkpoints, which stay as they are."""
