"""How a candidate is judged: what is scored, the gate's rules, and the evidence of a verdict."""
