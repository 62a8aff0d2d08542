"""Augmentation of whole batches: shift, flip, crop and cutmix of images, word dropout of texts."""
