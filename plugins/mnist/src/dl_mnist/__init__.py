"""MNIST: 70,000 handwritten digits of 28x28 grey pixels, shipped with the package, and five tasks on them."""
