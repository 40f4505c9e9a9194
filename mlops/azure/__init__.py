"""The only importer of `azure.*`: sign-in, one module a kind of resource, and the translation of failures.

Functions take a `Workspace` and give values of `mlops.domain`; nothing here decides.
"""
