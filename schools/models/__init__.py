from schools.models.audit import AuditEvent
from schools.models.idempotency import IdempotentAnswer
from schools.models.organisation import Administration, ClassGroup, Municipality, School, SchoolForm
from schools.models.people import Role, RoleAssignment, User
from schools.models.tokens import ApiToken

__all__ = [
    "Administration",
    "ApiToken",
    "AuditEvent",
    "ClassGroup",
    "IdempotentAnswer",
    "Municipality",
    "Role",
    "RoleAssignment",
    "School",
    "SchoolForm",
    "User",
]
