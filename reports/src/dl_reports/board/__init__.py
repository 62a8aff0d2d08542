"""The board: a folder of runs as one page, served on loopback or written as a folder."""
