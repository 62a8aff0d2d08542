import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def photo():
    """A function that saves an image of noise: photo(path, size=(w, h), mode="RGB", seed=0, **save options)."""

    def save(path, size=(8, 6), mode="RGB", seed=0, **options):
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).convert(mode).save(path, **options)
        return path

    return save


@pytest.fixture
def pets(tmp_path, photo):
    """A folder of two classes, cat and dog, three colour PNGs each."""
    root = tmp_path / "pets"
    for number in range(6):
        photo(root / ("cat", "dog")[number % 2] / f"{number}.png", seed=number)
    return root
