"""Schools and their calendar, the audit trail and notifications for scripts."""

from typing import Any

from rest_framework import viewsets

from schools.api.audit import AuditEventViewSet
from schools.api.calendar import CalendarPeriodViewSet, LessonHoursViewSet
from schools.api.notifications import NotificationViewSet
from schools.api.organisation import SchoolViewSet
from schools.api.rows import Rows

__all__ = ["Rows", "router_entries"]

router_entries: list[tuple[str, type[viewsets.GenericViewSet[Any]], str]] = [
    ("schools", SchoolViewSet, "school"),
    ("calendar-periods", CalendarPeriodViewSet, "calendar-period"),
    ("lesson-hours", LessonHoursViewSet, "lesson-hours"),
    ("audit-events", AuditEventViewSet, "audit-event"),
    ("notifications", NotificationViewSet, "notification"),
]
