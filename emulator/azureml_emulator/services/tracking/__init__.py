"""Run history, artifacts, and MLflow's tracking and model registry interfaces."""
