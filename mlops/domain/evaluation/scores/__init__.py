"""Scores of one answer against the true one."""
