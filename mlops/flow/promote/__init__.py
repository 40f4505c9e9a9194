"""`mlops promote`, `mlops rollback` and `mlops ask`."""
