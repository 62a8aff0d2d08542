from torch import nn


def test_the_book_convnet_has_93322_parameters_on_mnist(build, parameters):
    assert parameters(build("book-convnet")) == 93_322


def test_large_images_are_averaged_so_that_parameters_do_not_grow_with_them(build, parameters):
    assert parameters(build("convnet", (3, 128, 128))) == parameters(build("convnet", (3, 224, 160)))


def test_pool_stride_has_no_pooling_layer(build):
    for name in ("convnet", "book-convnet"):
        kinds = {type(layer) for layer in build(name, pool="stride").modules()}
        assert not kinds & {nn.MaxPool2d, nn.AvgPool2d}


def test_smooth_activations_come_before_max_pooling_and_relu_after_it(build):
    def first(activation):
        return [type(layer) for layer in list(build("book-convnet", activation=activation))[1:3]]

    assert first("relu") == [nn.MaxPool2d, nn.ReLU]
    assert first("gelu") == [nn.GELU, nn.MaxPool2d]
