def test_the_book_dense_network_has_407050_parameters_on_mnist(build, parameters):
    assert parameters(build("dense")) == 784 * 512 + 512 + 512 * 10 + 10


def test_a_dense_network_of_depth_zero_is_linear(build, parameters):
    assert parameters(build("dense", depth=0)) == 784 * 10 + 10
