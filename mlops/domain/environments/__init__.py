"""Environments: in which order they get a model, where each is, and how its endpoint is called."""
