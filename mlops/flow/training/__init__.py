"""`mlops compute`, `submit` and `watch`."""
