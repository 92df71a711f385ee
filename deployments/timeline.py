"""What happened to a computer, newest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from deployments.models import ChangeTarget, InstallStatus
from fleet.models import Device
from schools.acts import act_in_words
from schools.models import AuditEvent

MOST_MOMENTS = 60


@dataclass(frozen=True)
class Moment:
    at: datetime
    text: str
    icon: str
    url: str = ""


def timeline(
    device: Device,
    reports: Iterable[InstallStatus],
    targets: Iterable[ChangeTarget],
    events: Iterable[AuditEvent],
) -> list[Moment]:
    """Reports and targets with their app versions loaded, targets with their change sets, events with their actors."""
    moments = [*_life(device), *_reports(reports), *_writes(targets), *_events(events)]
    return sorted(moments, key=lambda moment: moment.at, reverse=True)[:MOST_MOMENTS]


def _life(device: Device) -> Iterator[Moment]:
    yield Moment(device.created_at, _("The portal saw the computer for the first time."), "device-laptop")
    if device.enrolled_at:
        yield Moment(device.enrolled_at, _("The computer was enrolled in Intune."), "cloud")
    if device.last_check_in_at:
        yield Moment(device.last_check_in_at, _("The computer checked in, its latest sign of life."), "refresh")
    if device.missing_since:
        yield Moment(device.missing_since, _("The computer was gone from Intune."), "device-laptop-off")


def _reports(reports: Iterable[InstallStatus]) -> Iterator[Moment]:
    for report in reports:
        names = {"application": report.app_version, "error": report.detail or report.error_code}
        if report.installed_at:
            yield Moment(report.installed_at, _("%(application)s was installed.") % names, "circle-check")
        if report.reported_at and report.state == InstallStatus.State.FAILED:
            text = _("%(application)s failed: %(error)s.") if names["error"] else _("%(application)s failed.")
            yield Moment(report.reported_at, text % names, "circle-x")
        if report.reported_at and report.state == InstallStatus.State.UNINSTALL_FAILED:
            yield Moment(report.reported_at, _("%(application)s could not be uninstalled.") % names, "circle-x")


def _writes(targets: Iterable[ChangeTarget]) -> Iterator[Moment]:
    sentences = {
        ChangeTarget.Effect.INSTALL: _("Intune was told to install %(application)s (%(change)s)."),
        ChangeTarget.Effect.OFFER: _("Intune was told to offer %(application)s (%(change)s)."),
        ChangeTarget.Effect.UNINSTALL: _("Intune was told to uninstall %(application)s (%(change)s)."),
        ChangeTarget.Effect.RELEASE: _("Intune no longer assigns %(application)s (%(change)s)."),
    }
    for target in targets:
        change = target.change
        if change.written_at:
            names = {"application": change.app_version, "change": change.change_set}
            text = sentences[ChangeTarget.Effect(target.effect)] % names
            yield Moment(change.written_at, text, "send", change.change_set.get_absolute_url())


def _events(events: Iterable[AuditEvent]) -> Iterator[Moment]:
    for event in events:
        who = event.actor.display_name if event.actor else _("The portal itself")
        text = _("%(act)s, by %(who)s.") % {"act": act_in_words(event.act), "who": who}
        yield Moment(event.at, text, "user")
