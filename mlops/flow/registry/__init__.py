"""`mlops register` and `mlops lineage`."""
