"""Runs: what a job or an MLflow client writes, and run history and MLflow read. No calls of its own."""
