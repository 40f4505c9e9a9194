"""Versioned assets of workspaces and registries: data, models, components, environments, code."""
