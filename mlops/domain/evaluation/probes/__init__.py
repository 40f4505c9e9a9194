"""Probe suites: questions whose answers are checked by rules, to see what a fine-tuned model has lost."""
