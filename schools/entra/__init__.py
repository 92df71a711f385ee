"""Signing in with an account of the municipality's Entra tenant: who somebody is, and which roles they hold here.

`door.py` speaks with Entra, `id_token.py` judges what it says, `claims.py` reads it, `accounts.py` keeps it,
`standing.py` asks again.
"""
