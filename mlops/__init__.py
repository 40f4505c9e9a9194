"""Event-driven fine-tuning of language models on Azure Machine Learning, from a git push."""

__version__ = "0.1.0"
