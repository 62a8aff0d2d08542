"""MNIST, shipped whole: 70,000 handwritten digits of 28x28 grey pixels, and five tasks on them."""
