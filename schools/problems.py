"""One place where refusals become API answers."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from rest_framework import status, views
from rest_framework.exceptions import ValidationError as ApiValidationError
from rest_framework.response import Response


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """A domain `ValidationError` is a 400 with field and reason; one that names a `status` is a 409 with that state."""
    if isinstance(error, ValidationError):
        state = getattr(error, "status", None)
        if state is not None:
            return Response({"detail": error.messages[0], "status": state}, status=status.HTTP_409_CONFLICT)
        details = error.message_dict if hasattr(error, "error_dict") else {"detail": error.messages}
        error = ApiValidationError(details)
    return views.exception_handler(error, context)
