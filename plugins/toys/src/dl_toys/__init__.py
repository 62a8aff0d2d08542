"""Small real data sets that come with scikit-learn: digits, wine, breast cancer, diabetes."""
