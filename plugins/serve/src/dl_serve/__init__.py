"""A run behind HTTP: ``dl serve RUN``."""
