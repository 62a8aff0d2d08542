import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_image

from dl_backbones.lite0 import Lite0
from dl_backbones.weights import packaged


@pytest.fixture(scope="package", autouse=True)
def one_thread():
    """One thread is enough for 20 small images."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def weights():
    """The published weights, by name."""
    return packaged()


@pytest.fixture(scope="session")
def lite0(weights):
    """The published network with its own last layer."""
    network = Lite0()
    network.load_state_dict(weights)
    return network.eval()


@pytest.fixture(scope="session")
def tiles():
    """Twenty tiles of 64 pixels from each of scikit-learn's two photographs, (40, 64, 64, 3), and whose they are."""
    pieces = []
    for name in ("china.jpg", "flower.jpg"):
        photo = load_sample_image(name)
        pieces += [photo[y : y + 64, x : x + 64] for y in range(10, 300, 75) for x in range(0, 500, 100)]
    return np.stack(pieces), np.repeat(["china", "flower"], 20)


@pytest.fixture(scope="session")
def folder(tiles, tmp_path_factory):
    """The tiles as files in folders by class."""
    root = tmp_path_factory.mktemp("photos")
    for number, (tile, name) in enumerate(zip(*tiles, strict=True)):
        (root / name).mkdir(exist_ok=True)
        Image.fromarray(tile).save(root / name / f"{number}.png")
    return root
