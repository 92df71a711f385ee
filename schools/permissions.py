"""The rule that an API view asks: `permission = "room.verb"` on the view, a 403 that names the roles otherwise."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from schools.decorators import require


class Permitted(IsAuthenticated):
    """The view's `permission`. A command that needs another calls `schools.decorators.require` itself."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        if getattr(view, "permission", None):
            require(request.user, view.permission)  # type: ignore[arg-type]
        return True
