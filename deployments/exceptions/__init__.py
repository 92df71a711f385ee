"""Exceptions: who may do what, what stands in the way, who is told, and what waits for whom."""
