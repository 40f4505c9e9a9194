"""The control surface on a port of its own: clock, delays, quota, faults, roles, and the page for people."""
