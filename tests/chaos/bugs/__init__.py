"""Twenty bugs that an engine like this could have, planted one at a time in a copy: the fault programme catches each.

`python -m tests.chaos.bugs` runs them; `--only NAME` one of them.
"""
