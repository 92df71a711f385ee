"""Drift: what Intune has against what is decided, worked out from the mirror after each run that was read whole."""
