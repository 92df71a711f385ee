"""The one act of telling people something, and who there is to tell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from schools.models import Notification, RoleAssignment, School, User, WebhookDelivery, WebhookEndpoint
from schools.notifications.kinds import is_registered


@transaction.atomic
def tell(
    users: Iterable[User],
    kind: str,
    *,
    episode: str,
    url: str,
    data: dict[str, Any],
    urgent: bool = False,
) -> None:
    """Tell each of `users` once about this episode, and every webhook that listens for this kind.

    Belongs in the transaction of the act it tells of, so that there is never one without the other; leave out whoever
    did the act. `episode` belongs to one kind ("request:17:approved"), at most 120 characters. `url` is a path of the
    portal. `data` goes into mail and to other systems: names and numbers for the sentence, nothing about pupils.
    `urgent`: somebody waits, so it is mailed at once. LookupError for a kind that no `notices` module has registered.
    """
    if not is_registered(kind):
        raise LookupError(f"No notices module registers {kind}")
    if not url.startswith("/") or url.startswith("//"):
        raise ValueError(f"{url} is no path of the portal")
    people = {user.pk: user for user in users if user.is_active}
    Notification.objects.bulk_create(
        [
            Notification(user=user, kind=kind, episode=episode, url=url, data=data, is_urgent=urgent)
            for user in people.values()
        ],
        ignore_conflicts=True,
    )
    WebhookDelivery.objects.bulk_create(
        [
            WebhookDelivery(endpoint=endpoint, kind=kind, episode=episode, body={"url": url, "data": data})
            for endpoint in WebhookEndpoint.objects.filter(is_active=True, kinds__contains=[kind])
        ],
        ignore_conflicts=True,
    )


def holders_of(*roles: str, school: School | None = None) -> QuerySet[User]:
    """Active people who hold one of these roles now: in the whole municipality, or at `school` when that is given."""
    where = Q(school=None) if school is None else Q(school=None) | Q(school=school)
    held = RoleAssignment.objects.current(timezone.now()).filter(where, role__in=roles)
    return User.objects.filter(is_active=True, pk__in=held.values("user"))
