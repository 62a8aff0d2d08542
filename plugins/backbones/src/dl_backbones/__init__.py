"""Pretrained image networks as models of the vision domain."""
