"""A training run: base model, parameters, machines, submission, progress, costs."""
