"""`mlops evaluate` and `mlops gate`."""
