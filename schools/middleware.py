"""What a browser can send and PostgreSQL cannot hold is the sender's mistake (400), never a fault of ours (500)."""

from __future__ import annotations

from collections.abc import Callable

from django.db import DataError
from django.http import HttpRequest, HttpResponse

from schools.refusals import bad_request


class UnstorableInput:
    """Refuses NUL characters in the path and query; turns a DataError that no form caught into a 400 page.

    The API has its own answer for the latter, in `schools.problems`.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            return bad_request(request, ValueError())
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return bad_request(request, error) if isinstance(error, DataError) else None
