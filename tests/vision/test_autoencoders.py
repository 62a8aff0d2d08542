"""The autoencoders of images: shapes of codes and reconstructions, and images that are too small."""

import pytest
import torch

from dl.errors import BadOption
from dl.options import check
from dl_vision.plugin import register_models

SPECS = {spec.name: spec for spec in register_models() if spec.build_autoencoder}


def build(name, shape, **options):
    return SPECS[name].build_autoencoder(shape, check(SPECS[name].options, options, name))


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 17, 31), (2, 7, 9)])
def test_a_code_has_its_width_and_a_reconstruction_the_shape_of_the_image(name, shape):
    network, images = build(name, shape, code=5), torch.zeros(2, *shape)
    assert network.encoder(images).shape == (2, 5)
    assert network(images).shape == images.shape


def test_an_image_too_small_to_be_halved_is_refused_in_one_line():
    with pytest.raises(BadOption, match="conv-autoencoder needs images of at least 7x7; found 6x28  use: autoencoder"):
        build("conv-autoencoder", (1, 6, 28))


def test_hidden_layers_are_halved_but_never_narrower_than_the_code():
    widths = [layer.out_features for layer in build("autoencoder", (1, 4, 4), width=16, depth=3, code=6).encoder[1::2]]
    assert widths == [16, 8, 6, 6]
