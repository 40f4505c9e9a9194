"""Environments as params.yaml has them."""
