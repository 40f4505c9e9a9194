"""`mlops cleanup`: look at what is there, mark it, later delete it."""
