"""What the product decides, as pure functions of facts: no I/O, no clock, no SDK."""
