"""Sessions of people who signed in with Entra. The sign-in itself is a view: there is no password to check here."""

from __future__ import annotations

from django.contrib.auth.backends import BaseBackend

from schools.models import User
from schools.sessions import for_session

PATH = "schools.entra.backend.EntraBackend"


class EntraBackend(BaseBackend):
    def get_user(self, user_id: int) -> User | None:
        """With what is known of their Entra account, which every request looks at."""
        return for_session(user_id).select_related("entra").first()
