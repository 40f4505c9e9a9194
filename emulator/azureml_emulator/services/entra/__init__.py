"""Who may do what, and how often: Entra's tokens, Azure's roles, Resource Manager's budgets.

It must not know a resource; `server` asks `authorize` before a call reaches its handler.
"""
