"""How a model takes over an endpoint: the next safe step, the canary, the lease, the way back."""
