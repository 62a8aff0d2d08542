"""Text for dl: reading it from folders, learning a vocabulary, encoding it, and the networks that read tokens."""
