import numpy as np
import pytest

from dl.data.examples import Examples, whole
from dl.data.ragged import texts


@pytest.fixture
def part_of():
    """A function that makes a training set of strings."""

    def make(*strings):
        return whole(Examples(texts(strings), np.zeros(len(strings), np.int64), np.arange(len(strings))))

    return make
