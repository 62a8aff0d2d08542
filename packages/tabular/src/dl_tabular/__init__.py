"""Tables for dl: columns of numbers and categories, missing values, dense networks."""
