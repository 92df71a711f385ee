from __future__ import annotations

from django.http import HttpRequest

from schools.models import User


def person(request: HttpRequest) -> User:
    """Who is asking; LoginRequiredMiddleware has made sure that it is somebody."""
    assert isinstance(request.user, User)
    return request.user
