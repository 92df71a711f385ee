"""People and the roles they hold. A role is held at one school, or (some roles) in the whole municipality."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any, Self

import rules
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from schools.access import Access
from schools.models.organisation import School


class Role(models.TextChoices):
    IT_ADMIN = "it_admin", _("IT administrator")
    APPROVER = "approver", _("Approver")
    SCHOOL_IT = "school_it", _("School IT staff")
    TEACHER = "teacher", _("Teacher")
    COMMITTEE = "committee", _("Committee member")
    SUPPLIER = "supplier", _("Supplier")
    AUDITOR = "auditor", _("Auditor")


SCHOOL_ROLES = [Role.APPROVER, Role.SCHOOL_IT, Role.TEACHER]


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(username=self.model.normalize_username(username), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """Somebody who signs in. What they may do follows from their roles alone."""

    username = models.CharField(
        _("user name"),
        max_length=100,
        unique=True,
        validators=[RegexValidator(r"^[\w.@+-]+$", _("Letters, digits and . @ + - _ only."))],
    )
    display_name = models.CharField(_("name"), max_length=100)
    email = models.EmailField(_("e-mail"), blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["display_name"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ["display_name"]

    def __str__(self) -> str:
        return self.display_name

    @property
    def unread(self) -> int:
        """Notifications not read yet, for the bell; counted where a session becomes a person, and only there."""
        return int(self.__dict__.get("unread_count", 0))

    @cached_property
    def access(self) -> Access:
        """What this person's roles reach now; one query, kept for the life of this object (one request)."""
        held = RoleAssignment.objects.filter(user=self).current(timezone.now())
        rows = list(held.values_list("role", "school_id", "school__name"))
        names = {school: name for _role, school, name in rows if school}
        return replace(Access.from_roles((role, school) for role, school, _name in rows), names=names)

    def has_perm(self, permission: str, obj: object = None) -> bool:
        """Permissions are predicates in each room's `rules.py`; an unknown name is a programming error."""
        if not rules.perm_exists(permission):
            raise LookupError(f"No rule decides {permission}")
        return self.is_active and bool(rules.has_perm(permission, self, obj))

    def has_perms(self, permissions: list[str], obj: object = None) -> bool:
        return all(self.has_perm(permission, obj) for permission in permissions)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active


class RoleAssignmentQuerySet(models.QuerySet["RoleAssignment"]):
    def current(self, now: datetime) -> Self:
        return self.filter(Q(valid_until=None) | Q(valid_until__gt=now), valid_from__lte=now)


class RoleAssignment(models.Model):
    """One role of one person, at one school or (school empty) in the whole municipality, for a time."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="role_assignments")
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    school = models.ForeignKey(School, on_delete=models.PROTECT, null=True, blank=True, related_name="role_assignments")
    valid_from = models.DateTimeField(_("valid from"), default=timezone.now)
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)

    objects = RoleAssignmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        constraints = [
            models.CheckConstraint(
                condition=~Q(role__in=SCHOOL_ROLES) | Q(school__isnull=False), name="school_role_names_its_school"
            ),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gt=F("valid_from")), name="role_ends_after_it_begins"
            ),
            models.UniqueConstraint(
                fields=["user", "role", "school"],
                condition=Q(valid_until=None),
                nulls_distinct=False,
                name="role_held_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} ({self.school or _('all schools')})"
