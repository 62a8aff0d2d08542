"""Small text data sets of words and phrases: their language, and their sentiment as rated by people."""
