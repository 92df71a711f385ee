"""How a status may change: one table of moves, one conditional update, so that of two workers exactly one wins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _


class InvalidMove(ValidationError):
    """The row is not in a state from which this may be done; `status` is the state it is in."""

    def __init__(self, status: str, status_label: str) -> None:
        self.status = status
        super().__init__(
            _("This cannot be done now: the state is “%(state)s”."), code="invalid_move", params={"state": status_label}
        )


class Moves(models.Model):
    """A row with a `status` whose moves are the table `MOVES`."""

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {}
    status: models.CharField[str, str]

    class Meta:
        abstract = True

    def move_to(self, status: str, **also: Any) -> None:
        """Change the status, and the columns in `also`, in the database first. Raises InvalidMove if it may not, or
        if somebody else moved it meanwhile."""
        rows = type(self)._default_manager.filter(Q(pk=self.pk) & Q(status=self.status))
        if status not in self.MOVES.get(self.status, frozenset()) or not rows.update(status=status, **also):  # type: ignore[misc]
            self.refresh_from_db(fields=["status"])
            raise InvalidMove(self.status, self.get_status_display())  # type: ignore[attr-defined]
        self.status = status
        for name, value in also.items():
            setattr(self, name, value)
