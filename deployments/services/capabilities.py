"""Capabilities: one application on each platform for what computers shall be good for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from deployments.models import (
    Application,
    BaselineEntry,
    BaselineRevision,
    Capability,
    CapabilityApplication,
    SoftwareProfile,
)
from deployments.services.drafts import put_entry
from fleet.models import Platform
from schools import audit
from schools.models import User


@transaction.atomic
def put_capability_card(
    capability: Capability, name: str, choices: Mapping[str, Application | None], *, by: User
) -> Capability:
    """A new capability or an existing one: its name, and its application by platform. Raises ValidationError for an
    application that has no version on the platform it is chosen for."""
    is_new = capability.pk is None
    before = {} if is_new else _said(capability)
    for platform, application in choices.items():
        _check(platform, application)
    capability.name = " ".join(name.split())
    capability.full_clean()
    capability.save()
    for platform, application in choices.items():
        if application is None:
            capability.choices.filter(platform=platform).delete()
        else:
            CapabilityApplication.objects.update_or_create(
                capability=capability, platform=platform, defaults={"application": application}
            )
    after = _said(capability)
    if after != before:
        audit.record(
            "capability.added" if is_new else "capability.changed", capability, by=by, before=before, after=after
        )
    return capability


def _check(platform: str, application: Application | None) -> None:
    if application and not application.versions.filter(platform=platform).exists():
        said = {"application": application, "platform": Platform(platform).label}
        raise ValidationError({platform: _("%(application)s has no version for %(platform)s in Intune.") % said})


def _said(capability: Capability) -> dict[str, Any]:
    chosen = capability.choices.select_related("application")
    return {"name": capability.name, "apps": [str(choice) for choice in chosen]}


@transaction.atomic
def put_capability(
    revision: BaselineRevision, profile: SoftwareProfile, capability: Capability, *, by: User, **says: Any
) -> list[BaselineEntry]:
    """An entry for the capability's application on each platform, as `put_entry` does it. A removal takes away those
    of its applications that a wider container gives. Raises ValidationError."""
    chosen = {choice.application_id: choice.application for choice in capability.choices.select_related("application")}
    if not chosen:
        message = _("No application is chosen for %(capability)s yet.") % {"capability": capability}
        raise ValidationError({"capability": message})
    entries, refusals = [], []
    for application in chosen.values():
        try:
            entries.append(put_entry(revision, profile, application, **{**says, "version": None}, by=by))
        except ValidationError as refusal:
            if says.get("action") != BaselineEntry.Action.REMOVE or "action" not in getattr(refusal, "error_dict", {}):
                raise
            refusals.append(refusal)
    if not entries:
        raise refusals[0]
    BaselineEntry.objects.filter(pk__in=[entry.pk for entry in entries]).update(capability=capability)
    return entries
