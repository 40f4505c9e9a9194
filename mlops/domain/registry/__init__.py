"""Registered models: versions, aliases, artifacts, lineage."""
