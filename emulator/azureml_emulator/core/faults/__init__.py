"""Faults that a test asks for: which call meets what, how often, and whether each was met.

It must not know a resource; `server` asks it before and after each call.
"""
