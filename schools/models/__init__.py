from schools.models.audit import AuditEvent
from schools.models.calendar import CalendarPeriod, LessonHours
from schools.models.entra import EntraAccount
from schools.models.idempotency import IdempotentAnswer
from schools.models.notifications import (
    Notification,
    NotificationSettings,
    SentMail,
    WebhookDelivery,
    WebhookEndpoint,
)
from schools.models.organisation import Administration, ClassGroup, Municipality, School, SchoolForm
from schools.models.people import Role, RoleAssignment, User
from schools.models.tokens import ApiToken

__all__ = [
    "Administration",
    "ApiToken",
    "AuditEvent",
    "CalendarPeriod",
    "ClassGroup",
    "EntraAccount",
    "IdempotentAnswer",
    "LessonHours",
    "Municipality",
    "Notification",
    "NotificationSettings",
    "Role",
    "RoleAssignment",
    "School",
    "SchoolForm",
    "SentMail",
    "User",
    "WebhookDelivery",
    "WebhookEndpoint",
]
