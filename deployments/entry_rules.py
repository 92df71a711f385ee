"""What an entry must satisfy to mean something and to be possible in Intune."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from deployments.models import BaselineEntry, Intent, SoftwareProfile
from deployments.versions import Versions


def check_entry(entry: BaselineEntry) -> None:
    """Raises ValidationError by field."""
    if entry.action == BaselineEntry.Action.REMOVE:
        _check_removal(entry)
    else:
        _check_version(entry)
        _check_intent(entry)


def _check_removal(entry: BaselineEntry) -> None:
    entry.intent, entry.version = "", None
    wider = BaselineEntry.objects.filter(
        containers_around(entry.profile),
        revision=entry.revision,
        application=entry.application,
        action=BaselineEntry.Action.ADD,
    )
    if not wider.exists():
        message = _(
            "%(container)s does not get %(application)s from any wider container, so there is nothing to remove. "
            "Drop its own entry instead if it has one."
        )
        raise ValidationError({"action": message % _names(entry)})


def _check_version(entry: BaselineEntry) -> None:
    if entry.version and entry.version.application_id != entry.application_id:
        message = _("%(version)s is a version of another application than %(application)s.")
        raise ValidationError({"version": message % {**_names(entry), "version": entry.version}})


def _check_intent(entry: BaselineEntry) -> None:
    if entry.intent not in Intent.values:
        raise ValidationError({"intent": _("Choose whether the application is required, available or uninstalled.")})
    versions = [entry.version] if entry.version else list(Versions.load([entry.application_id]).latest.values())
    if not versions:
        message = _("%(application)s has no version in Intune yet. Add one there and synchronise first.")
        raise ValidationError({"application": message % _names(entry)})
    if not any(version.allows(entry.intent) for version in versions):
        message = _(
            "Intune can offer only Win32 apps to groups of computers, and %(application)s is of another type. "
            "Choose “Required”, or package the application as a Win32 app."
        )
        raise ValidationError({"intent": message % _names(entry)})


def _names(entry: BaselineEntry) -> dict[str, object]:
    return {"container": entry.profile, "application": entry.application}


def containers_around(profile: SoftwareProfile) -> Q:
    """Entries of the containers that are wider than this one and hold it."""
    Level = SoftwareProfile.Level
    around = Q(profile__level=Level.MUNICIPALITY) if profile.level > Level.MUNICIPALITY else Q(pk__in=[])
    class_group = profile.device.class_group if profile.device else profile.class_group
    school = profile.device.school if profile.device else (profile.school or (class_group and class_group.school))
    if school and profile.level > Level.SCHOOL_FORM:
        around |= Q(profile__school_form=school.school_form_id)
    if school and profile.level > Level.SCHOOL:
        around |= Q(profile__school=school.pk)
    if class_group and profile.level > Level.CLASS_GROUP:
        around |= Q(profile__class_group=class_group.pk)
    return around
