"""Tables for dl: columns of numbers and of categories, missing values, dense nets."""
