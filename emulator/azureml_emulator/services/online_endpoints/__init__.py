"""Managed online endpoints: deployments, traffic, scoring, and what Azure Monitor counts of it."""
