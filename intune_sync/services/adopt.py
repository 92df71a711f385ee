"""Taking over what is in Intune already: apps into the catalogue, present assignments into the first revision."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from deployments.models import Application, AppVersion, Baseline, BaselineEntry, BaselineRevision, Semester
from deployments.models.profiles import OWNER_OF_LEVEL, SoftwareProfile
from deployments.organisation import Organisation, load_organisation
from deployments.targets import NodeKey, Target
from deployments.versions import Versions
from fleet.models import Platform
from intune_sync import graph
from intune_sync.models import IntuneApp, OwnedAssignment
from intune_sync.payloads import assignment_key
from intune_sync.push.lists import read_lists
from intune_sync.push.merge import Raw
from intune_sync.push.outcome import mirror_list
from intune_sync.push.snapshot import targets_of
from schools import audit
from schools.models import User

Action = BaselineEntry.Action


class AlreadyAdopted(ValidationError):
    """The portal has an active revision already; what is in Intune beside it is drift."""


class NotForComputers(ValidationError):
    """The app is for phones or tablets."""


@dataclass(frozen=True)
class TakenOver:
    """An assignment that becomes ours, and what it says."""

    version: AppVersion
    target: Target
    raw: Raw


def platform_of(app_type: str) -> str | None:
    """The kind of computer an Intune app type installs on; None for phones and tablets."""
    kind = app_type.lower()
    if kind.startswith(("ios", "android", "managedios", "managedandroid")):
        return None
    return str(Platform.MACOS if kind.startswith("macos") else Platform.WINDOWS)


@transaction.atomic
def adopt_app(intune_app: IntuneApp, by: User, *, name: str = "") -> AppVersion:
    """Put an app of Intune into the catalogue, under the application of the same name if there is one.

    `name` where the application is called otherwise than in Intune. An app that is there already stays as it is.
    Raises NotForComputers.
    """
    known = AppVersion.objects.filter(intune_app_id=intune_app.graph_id).first()
    if known:
        return known
    platform = platform_of(intune_app.app_type)
    if platform is None:
        raise NotForComputers(_("%(app)s is not an app for computers.") % {"app": intune_app})
    version = AppVersion.objects.create(
        application=_application(intune_app, (name or intune_app.display_name)[:200]),
        platform=platform,
        version=intune_app.version,
        intune_app_id=intune_app.graph_id,
        app_type=intune_app.app_type,
        size_bytes=intune_app.size_bytes,
        minimum_disk_mb=intune_app.minimum_disk_mb,
        minimum_memory_mb=intune_app.minimum_memory_mb,
        minimum_os=intune_app.minimum_os,
    )
    after = {"application": version.application.name, "version": version.version, "platform": platform}
    audit.record("app.adopted", version, by=by, after={**after, "intune_app_id": str(intune_app.graph_id)})
    return version


def adopt_current_state(semester: Semester, by: User, now: datetime | None = None) -> BaselineRevision:
    """Make what Intune assigns to our groups now the first revision of the semester's baseline, active at once.

    Whole groups of the municipality, school forms, schools and class groups are taken over, exclusions as removals;
    what has a filter or aims at other groups stays foreign. Nothing is written to Intune. Apps that are not in the
    catalogue yet and are assigned to our groups are put there. Raises AlreadyAdopted, and GraphError.
    """
    now = now or timezone.now()
    if BaselineRevision.objects.active().exists():
        raise AlreadyAdopted(_("There is an active revision already. What is in Intune beside it is shown as drift."))
    apps = list(IntuneApp.objects.filter(missing_since=None))
    with graph.client() as client:
        lists = {app: raws for app, raws in read_lists(client, [app.graph_id for app in apps]).items() if raws}
    organisation = load_organisation()
    with transaction.atomic():
        found = [each for app in apps for each in _to_take_over(app, lists.get(app.graph_id, []), organisation, by)]
        baseline, _created = Baseline.objects.get_or_create(semester=semester)
        revision = BaselineRevision.objects.create(
            baseline=baseline,
            number=baseline.revisions.count() + 1,
            note=_("What Intune had when the portal took over."),
            created_by=by,
        )
        taken = _fill(revision, found)
        _own(taken, now)
        for app_id, raws in lists.items():
            mirror_list(app_id, raws)
        _activate(revision, by, now)
        audit.record(
            "baseline.adopted", revision, by=by, after={"entries": revision.entries.count(), "assignments": len(taken)}
        )
    return revision


def _application(intune_app: IntuneApp, name: str) -> Application:
    found = Application.objects.filter(name__iexact=name).first()
    details = {"publisher": intune_app.publisher[:200], "description": intune_app.description}
    return found or Application.objects.create(name=name, **details)


def _to_take_over(app: IntuneApp, raws: list[Raw], organisation: Organisation, by: User) -> Iterator[TakenOver]:
    aimed = [(target, raw) for raw in raws for target in targets_of([raw], organisation)]
    if not aimed or platform_of(app.app_type) is None:
        return
    version = adopt_app(app, by)
    for target, raw in aimed:
        yield TakenOver(version, target, raw)


def _fill(revision: BaselineRevision, found: list[TakenOver]) -> list[TakenOver]:
    """Give the revision its entries and return what they say.

    A container has one entry per application. Where Intune has, say, an app required on Windows and available on Macs
    of one school, the first becomes the entry and the other stays foreign.
    """
    versions = Versions.load()
    entries: dict[tuple[NodeKey, int], BaselineEntry] = {}
    taken = []
    for each in sorted(found, key=lambda each: (each.version.pk, each.target)):
        entry = _entry(revision, each, versions)
        first = entries.setdefault((each.target.node, each.version.application_id), entry)
        if (first.action, first.intent, first.version_id) == (entry.action, entry.intent, entry.version_id):
            taken.append(each)
    BaselineEntry.objects.bulk_create(entries.values())
    return taken


def _entry(revision: BaselineRevision, each: TakenOver, versions: Versions) -> BaselineEntry:
    """A version that is not the latest of its platform is pinned, because it is the one that is assigned."""
    version, target = each.version, each.target
    latest = versions.pick(version.application_id, None, version.platform)
    return BaselineEntry(
        revision=revision,
        profile=_profile(target),
        application_id=version.application_id,
        action=Action.REMOVE if target.exclude else Action.ADD,
        intent="" if target.exclude else target.intent,
        version=version if latest != version and not target.exclude else None,
    )


def _profile(target: Target) -> SoftwareProfile:
    level = next(level for level, owner in OWNER_OF_LEVEL.items() if owner == target.kind)
    owner: dict[str, Any] = {f"{target.kind}_id": target.key}
    return SoftwareProfile.objects.get_or_create(level=level, **owner)[0]


def _own(taken: list[TakenOver], now: datetime) -> None:
    OwnedAssignment.objects.bulk_create(
        [OwnedAssignment(app_version=each.version, key=assignment_key(each.raw), since=now) for each in taken],
        ignore_conflicts=True,
    )


def _activate(revision: BaselineRevision, by: User, now: datetime) -> None:
    revision.move_to(BaselineRevision.Status.PROPOSED)
    revision.move_to(BaselineRevision.Status.DECIDED, decided_by=by, decided_at=now)
    revision.move_to(BaselineRevision.Status.ACTIVE, activated_at=now)
