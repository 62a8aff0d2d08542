"""Loggers for the metrics of each epoch: CSV, TensorBoard, Weights & Biases, MLflow."""
