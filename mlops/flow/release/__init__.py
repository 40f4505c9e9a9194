"""`mlops plan`, `resume`, `report`, `status` and `doctor`: a commit's way as a whole."""
