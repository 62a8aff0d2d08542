"""Images for dl: reading them from folders, preparing them, drawing them, and the convnets that classify them."""
