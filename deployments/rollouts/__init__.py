"""Carrying a change out ring by ring: who is in which ring, when the next one opens, and what stops it."""
