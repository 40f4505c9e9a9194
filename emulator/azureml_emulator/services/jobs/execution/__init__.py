"""Executing pipeline jobs: the queue, what the worker is asked and says, and what it leaves behind.

It must not know HTTP (`handlers.jobs`) or keep state of its own: `runs` and the store do.
"""
