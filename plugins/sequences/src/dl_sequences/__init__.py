"""Series of steps: a table in long form, a folder of files, or windows of one long series to forecast."""
