"""Regularizers for every domain: penalties, dropout, smaller networks, mixup, weight averaging, early stopping."""
