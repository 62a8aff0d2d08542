import numpy as np
import pytest
from PIL import Image

from dl.options import check
from dl_vision import plugin

MODELS = {spec.name: spec for spec in plugin.register_models() if spec.build is not None}


@pytest.fixture(scope="session")
def build():
    """A function that builds a network: build("resnet", (1, 28, 28), 10, width=4)."""

    def network(name, shape=(1, 28, 28), outputs=10, **options):
        spec = MODELS[name]
        return spec.build(shape, outputs, check(spec.options, options, name))

    return network


@pytest.fixture(scope="session")
def parameters():
    """A function that counts the parameters of a network."""
    return lambda network: sum(weights.numel() for weights in network.parameters())


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
