"""An emulator of Azure Machine Learning that unmodified clients talk to on loopback.

It imports nothing of the product around it; it could be a package of its own.
"""
