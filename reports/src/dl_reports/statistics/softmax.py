"""Softmax of rows of logits, as scipy computes it: importing scipy's takes a fifth of a report's time.

Shapes: ``n`` examples, ``C`` classes.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def softmax(logits: Floats) -> Floats:
    """Return the probabilities of each row of logits (n, C)."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def log_softmax(logits: Floats) -> Floats:
    """Return the logarithms of the probabilities of each row of logits (n, C)."""
    below = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(below - np.log(np.exp(below).sum(axis=1, keepdims=True)))
