"""The permission check of views and API actions, which tells the person what role they would need."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import rules
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from schools.access import Access
from schools.models import Role, User

View = Callable[..., HttpResponseBase]


class RoleMissing(PermissionDenied):
    """The person is known and may not; the message says who may. Becomes a 403 page or API answer."""

    def __init__(self, permission: str) -> None:
        self.permission = permission
        self.roles = roles_allowing(permission)
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        if not self.roles:
            return _("Your roles do not include this.")
        return _("This needs one of these roles: %(roles)s.") % {
            "roles": get_text_list([str(role.label) for role in self.roles], _("or"))
        }


def roles_allowing(permission: str) -> list[Role]:
    """The roles that would allow it, by asking the rule itself about a person who holds each for everything."""
    return [role for role in Role if rules.has_perm(permission, _somebody_with(role))]


def require(user: User, permission: str, obj: object = None) -> None:
    """Raise RoleMissing unless `user` may."""
    if not user.has_perm(permission, obj):
        raise RoleMissing(permission)


def permission_required(permission: str) -> Callable[[View], View]:
    """For views that anybody may address but only some roles may use. Look up foreign objects by `visible_to` first."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            require(request.user, permission)  # type: ignore[arg-type]
            return view(request, *args, **kwargs)

        return checked

    return decorate


def _somebody_with(role: Role) -> User:
    somebody = User(is_active=True)
    somebody.__dict__["access"] = Access.from_roles([(role.value, None)])  # the cached property, without a query
    return somebody
