"""The brake: an answer in which too much is absent changes nothing, and a person is asked.

What is absent within these bounds is let go at the second complete answer in a row without it; each pull counts that.
"""

from __future__ import annotations

from intune_sync.pull.outcome import UnsafeAnswer

MOST_COMPUTERS = 100
SHARE_OF_COMPUTERS = 0.02
SHARE_OF_OBJECTS = 0.30
FEW_OBJECTS = 10


def check_computers(absent: int, known: int) -> None:
    """More than 100, or more than 2 %, of the computers absent at once is not believed. One computer always may be.

    Raises UnsafeAnswer.
    """
    if absent > 1 and (absent > MOST_COMPUTERS or absent > SHARE_OF_COMPUTERS * known):
        raise UnsafeAnswer(absent, known)


def check_objects(absent: int, known: int) -> None:
    """For groups and apps, of which there are few: 30 %, from ten up. Raises UnsafeAnswer."""
    if known >= FEW_OBJECTS and absent > SHARE_OF_OBJECTS * known:
        raise UnsafeAnswer(absent, known)
