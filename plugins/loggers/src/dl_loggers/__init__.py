"""Loggers that are told each epoch of a fit: CSV, TensorBoard, Weights & Biases, MLflow."""
