"""Azure Monitor's autoscale settings."""
