"""A check for the reports of dl."""
