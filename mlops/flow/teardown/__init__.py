"""The parts of `mlops cleanup`: what is observed, how a plan is applied, how it is told."""
