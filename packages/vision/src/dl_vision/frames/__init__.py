"""Sequences of frames for dl: finding them in folders, cutting them into windows, and the network that reads them."""
