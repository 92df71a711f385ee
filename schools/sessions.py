"""Finding the person of a session."""

from __future__ import annotations

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from schools.models import Notification, User


def for_session(user_id: int) -> QuerySet[User]:
    """With the count of unread notifications that every page shows, so that it costs no query of its own."""
    unread = Notification.objects.unread().filter(user=OuterRef("pk")).order_by().values("user")
    count = Subquery(unread.annotate(count=Count("pk")).values("count"), output_field=IntegerField())
    return User.objects.filter(pk=user_id, is_active=True).annotate(unread_count=Coalesce(count, 0))
