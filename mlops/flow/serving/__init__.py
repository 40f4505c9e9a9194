"""How a deployment serves: whether it can be asked from here, and what a failure is told as."""
