"""One place where refusals become API answers: `{"detail": …}`, or field → reasons, in the caller's language."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DataError
from django.utils.translation import gettext as _
from rest_framework import exceptions, status, views
from rest_framework.response import Response

log = logging.getLogger(__name__)


class WrongState(exceptions.APIException):
    """The object is not in a state in which this may be done; `state` is the one it is in."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "wrong_state"

    def __init__(self, reason: str, state: str) -> None:
        super().__init__({"detail": reason, "status": state})


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Domain errors in DRF's words, then DRF's own answer; None (a 500) only for what nobody foresaw."""
    return views.exception_handler(in_api_words(error), context)


def in_api_words(error: Exception) -> Exception:
    """A domain `ValidationError` is a 400 with field and reason, and its `code` where it has one; one that names a
    `status` is a 409 with that state.

    `DataError` is a value that PostgreSQL cannot hold (too large a number, a NUL character) and that no field caught:
    still the caller's to mend. RecursionError comes from JSON that is nested thousands of levels deep.
    """
    if isinstance(error, ValidationError):
        return _refusal(error)
    if isinstance(error, PermissionDenied) and str(error):
        return exceptions.PermissionDenied(str(error))
    if isinstance(error, DataError):
        log.warning("a value that the database cannot hold: %s", type(error.__cause__).__name__)
        return exceptions.ValidationError({"detail": _("A value is too large or cannot be stored.")})
    if isinstance(error, RecursionError):
        return exceptions.ParseError(_("The JSON is nested too deeply."))
    return error


def _refusal(error: ValidationError) -> exceptions.APIException:
    state = getattr(error, "status", None)
    if state is not None:
        return WrongState(error.messages[0], state)
    if hasattr(error, "error_dict"):
        return exceptions.ValidationError(error.message_dict)
    said: dict[str, Any] = {"detail": error.messages[0] if len(error.messages) == 1 else error.messages}
    code = getattr(error, "code", None)
    return exceptions.ValidationError({**said, "code": code} if code else said)
