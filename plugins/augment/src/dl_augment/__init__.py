"""Augmentation on whole batches: images that are shifted, flipped, cropped or cut, texts that lose words."""
