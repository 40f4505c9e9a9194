"""How a deployment serves: its settings and scale, and who is to blame when it does not answer."""
