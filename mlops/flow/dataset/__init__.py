"""`mlops prepare` and `mlops data`."""
