"""Kills and faults at every call of every verb, with the whole state of the service compared after a second run.

`make torture` is the whole form; `python -m tests.torture --bounded` is what the suite runs. See docs/reliability.md.
"""
