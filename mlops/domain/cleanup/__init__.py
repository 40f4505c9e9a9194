"""What may be torn down, and when: endpoints, deployments, jobs, compute, versions."""
