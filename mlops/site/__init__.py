"""The static site of `mlops report site`: pages, charts and badges from a typed result, without scripts.

A page holds no script and loads nothing, and its content security policy says so; whatever comes from data, tags and
logs is escaped by the templates.
"""
