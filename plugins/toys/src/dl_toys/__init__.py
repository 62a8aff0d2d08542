"""Small real data sets shipped with scikit-learn: digits, wine, breast cancer, diabetes."""
