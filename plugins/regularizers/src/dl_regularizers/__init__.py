"""Regularizers for every domain: penalties, dropout, smaller networks, mixing, averaging, stopping early."""
