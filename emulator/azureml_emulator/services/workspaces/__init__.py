"""Subscriptions, resource groups, workspaces, computes, quota, datastores, and ARM deployments."""
