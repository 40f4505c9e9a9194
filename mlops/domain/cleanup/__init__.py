"""What may go, and when: endpoints, deployments, jobs, compute, versions."""
