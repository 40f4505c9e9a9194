"""Exchanges with the real service: recorded without secrets, and replayed against the emulator to find differences.

It must not know what a call means; everything here is about requests, answers and their shapes.
"""
