"""Apps and their lists against what is decided of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from deployments.desired import DesiredState, desired_state
from deployments.models import AppVersion, BaselineRevision
from deployments.organisation import Organisation, load_organisation
from deployments.targets import NodeKey, Target
from intune_sync.drift.compare import Differing, Entry, compare
from intune_sync.drift.found import Found, Look
from intune_sync.drift.halfway import left_by_changes
from intune_sync.drift.reach import reach_of, ring_groups
from intune_sync.models import DriftItem, IntuneApp, IntuneAssignment, Operation, OwnedAssignment
from intune_sync.payloads import assignment_key, parse_id
from intune_sync.payloads.aims import Raw
from intune_sync.push.snapshot import assignments_for
from intune_sync.services.adopt import platform_of

Kind = DriftItem.Kind
EVERY_DEVICE = "allDevices"


@dataclass(frozen=True)
class Mirrored:
    """The mirror beside what is decided; lists by the app's row, versions by Intune app id, owned by version.

    `left`, by version: what is to be there of apps whose change is not finished."""

    organisation: Organisation
    wanted: DesiredState
    places: Mapping[UUID, NodeKey]
    apps: Mapping[UUID, IntuneApp]
    lists: Mapping[int, list[Raw]]
    versions: Mapping[UUID, AppVersion]
    owned: Mapping[int, frozenset[str]]
    left: Mapping[int, frozenset[str]]

    def node(self, entry: Entry) -> NodeKey | None:
        """The container, or the ring's group, that it is aimed at; all devices are the municipality's."""
        if entry.target == EVERY_DEVICE:
            return next(iter(self.organisation.roots), None)
        group_id = parse_id(entry.group_id)
        return self.places.get(group_id) if group_id else None


def look_at_apps(revision: BaselineRevision, read_from: datetime) -> Look:
    """`read_from`: when the run began that the mirror is from; what was written since, it may not have."""
    mirrored = _read(revision)
    busy = _busy(read_from)
    found: list[Found] = []
    for app in mirrored.apps.values():
        if app.graph_id not in busy:
            found += _about(app, mirrored)
    busy_rows = {app.pk for app in mirrored.apps.values() if app.graph_id in busy}
    return Look(found, busy_apps=busy_rows)


def _read(revision: BaselineRevision) -> Mirrored:
    organisation, rings = load_organisation(), ring_groups()
    owned: defaultdict[int, set[str]] = defaultdict(set)
    for version_id, key in OwnedAssignment.objects.values_list("app_version_id", "key"):
        owned[version_id].add(key)
    lists: defaultdict[int, list[Raw]] = defaultdict(list)
    for app_id, raw in IntuneAssignment.objects.order_by("pk").values_list("app_id", "raw"):
        lists[app_id].append(raw)
    return Mirrored(
        organisation,
        desired_state(revision, organisation),
        {**organisation.places_by_group(), **rings},
        {app.graph_id: app for app in IntuneApp.objects.all()},
        lists,
        {version.intune_app_id: version for version in AppVersion.objects.select_related("application")},
        {version: frozenset(keys) for version, keys in owned.items()},
        left_by_changes(organisation, {node: str(group_id) for group_id, node in rings.items()}),
    )


def _busy(read_from: datetime) -> set[UUID]:
    """Apps that the portal is writing at this moment, or has written since the mirror was read."""
    lately = Q(status=Operation.Status.VERIFIED, finished_at__gte=read_from)
    writes = Operation.objects.filter(Q(status__in=Operation.HELD) | lately, intune_app_id__isnull=False)
    return {each for each in writes.values_list("intune_app_id", flat=True) if each}


def _about(app: IntuneApp, mirrored: Mirrored) -> Iterator[Found]:
    version = mirrored.versions.get(app.graph_id)
    if app.missing_since:
        if version and _is_used(version, mirrored):
            yield _gone(app, version, mirrored)
        return
    if version is None and platform_of(app.app_type) is None:
        return
    owned = mirrored.owned.get(version.pk, frozenset()) if version else frozenset[str]()
    for differing in compare(mirrored.lists.get(app.pk, []), owned, _decided(version, mirrored)):
        node = mirrored.node(differing.after or differing.before)  # type: ignore[arg-type]
        if version or node:
            yield _assigned(app, version, differing, node)


def _is_used(version: AppVersion, mirrored: Mirrored) -> bool:
    return bool(mirrored.wanted.targets.get(version.pk) or mirrored.owned.get(version.pk))


def _decided(version: AppVersion | None, mirrored: Mirrored) -> frozenset[str]:
    if version and version.pk in mirrored.left:
        return mirrored.left[version.pk]
    targets = mirrored.wanted.targets.get(version.pk, ()) if version else ()
    return frozenset(assignment_key(raw) for raw in assignments_for(targets, mirrored.organisation))


def _assigned(app: IntuneApp, version: AppVersion | None, differing: Differing, node: NodeKey | None) -> Found:
    return Found(
        kind=differing.kind,
        key=f"{differing.kind}:{app.graph_id}:{differing.place}",
        name=str(version or app),
        before=differing.before.as_json() if differing.before else None,
        after=differing.after.as_json() if differing.after else None,
        reach=reach_of([node], platform=version.platform if version else platform_of(app.app_type)),
        is_decided=differing.is_decided,
        app=app,
        app_version=version,
    )


def _gone(app: IntuneApp, version: AppVersion, mirrored: Mirrored) -> Found:
    """Deleted; or replaced, when Intune has another app of the same name that nobody has taken up."""
    instead = _same_name(app, mirrored)
    return Found(
        kind=Kind.APP_REPLACED if instead else Kind.APP_GONE,
        key=f"app:{app.graph_id}:{instead.graph_id if instead else ''}",
        name=str(version),
        before={"app_id": str(app.graph_id), "name": app.display_name, "version": app.version},
        after=None
        if instead is None
        else {"app_id": str(instead.graph_id), "name": instead.display_name, "version": instead.version},
        reach=_reach(mirrored.wanted.targets.get(version.pk, ()), version.platform),
        app=app,
        app_version=version,
    )


def _same_name(app: IntuneApp, mirrored: Mirrored) -> IntuneApp | None:
    """The newest of them; of another kind of computer it would be another app."""
    found = [
        each
        for each in mirrored.apps.values()
        if each.missing_since is None
        and each.graph_id not in mirrored.versions
        and each.display_name.casefold() == app.display_name.casefold()
        and platform_of(each.app_type) == platform_of(app.app_type)
    ]
    return max(found, key=lambda each: each.pk, default=None)


def _reach(targets: tuple[Target, ...], platform: str) -> dict[str, object]:
    include = [target.node for target in targets if not target.exclude]
    exclude = [target.node for target in targets if target.exclude]
    return reach_of(include, exclude, platform)
