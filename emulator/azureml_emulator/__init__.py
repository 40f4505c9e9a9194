"""An emulator of Azure Machine Learning that unmodified clients talk to on loopback."""

__version__ = "0.1.0"
