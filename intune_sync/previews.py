"""What a change set means for computers and schools, counted from its frozen computers; only what a person may see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from deployments.models import AssignmentChange, ChangeSet, ChangeTarget
from deployments.rollouts.at_once import Against
from intune_sync.models import IntuneGroup, Operation
from intune_sync.push.narrowing import narrowed
from intune_sync.words import effect_sentence, group_sentence, notice_sentence, rule_sentence
from schools.models import SchoolForm, User


@dataclass(frozen=True)
class SchoolShare:
    """`school_id` None: computers whose school nobody knows. `download_bytes`: installer size times installations."""

    school_id: int | None
    name: str
    computers: int
    download_bytes: int


@dataclass(frozen=True)
class AppShare:
    """`targets` are those afterwards: the container's name in the reader's language, and whether it is left out."""

    change: AssignmentChange
    sentences: list[str]
    targets: list[tuple[str, bool]]


@dataclass(frozen=True)
class Preview:
    """A computer counts once, however many apps it is about."""

    apps: list[AppShare]
    schools: list[SchoolShare]

    @cached_property
    def computers(self) -> int:
        return sum(school.computers for school in self.schools)

    @cached_property
    def download_bytes(self) -> int:
        return sum(school.download_bytes for school in self.schools)


@dataclass(frozen=True)
class Size:
    apps: int
    computers: int


@dataclass(frozen=True)
class Writing:
    """How far the writes to Intune have come, counted by app; `unfinished` are operations that are
    under way, waiting or failed, those of groups too."""

    total: int
    counts: dict[str, int]
    unfinished: list[Operation] = field(default_factory=list)

    @property
    def verified(self) -> int:
        return self.counts.get(Operation.Status.VERIFIED, 0)

    @property
    def states(self) -> list[tuple[str, str, int]]:
        """Code, words and count of each state that some operation is in, as they follow each other."""
        return [(s.value, str(s.label), self.counts[s]) for s in Operation.Status if self.counts.get(s)]


def preview(change_set: ChangeSet, user: User) -> Preview:
    """Four queries."""
    targets = targets_visible_to(change_set, user)
    per_app: dict[int, list[tuple[str, int, int]]] = defaultdict(list)
    rows = targets.values_list("change", "effect").annotate(
        computers=Count("pk"), schools=Count("device__school", distinct=True)
    )
    for change, effect, computers, schools in rows.order_by("change", "effect"):
        per_app[change].append((effect, computers, schools))
    changes = change_set.changes.select_related("app_version__application")
    forms = {form.pk: str(form) for form in SchoolForm.objects.all()}
    apps = [
        AppShare(
            change,
            [effect_sentence(str(change), *said) for said in per_app[change.pk]],
            [(_target_name(target, forms), target["exclude"]) for target in change.targets_after],
        )
        for change in changes
        if change.pk in per_app or user.access.reads_all("deployments.view_changeset")
    ]
    return Preview(apps, _by_school(targets))


def _target_name(target: Mapping[str, Any], forms: Mapping[int, str]) -> str:
    """Names of school forms were kept in the language of whoever planned."""
    is_form = target["kind"] == "school_form"
    return forms.get(target["key"], target["name"]) if is_form else str(target["name"])


def targets_visible_to(change_set: ChangeSet, user: User) -> QuerySet[ChangeTarget]:
    mine = user.access.schools_q("deployments.view_changeset", "device__school_id")
    return ChangeTarget.objects.filter(mine, change__change_set=change_set).order_by()


def sizes(change_sets: Iterable[ChangeSet], user: User) -> list[tuple[ChangeSet, Size]]:
    """Each change set with how many apps and computers it is about, as far as this person may see; one query."""
    listed = list(change_sets)
    mine = user.access.schools_q("deployments.view_changeset", "device__school_id")
    rows = (
        ChangeTarget.objects.filter(mine, change__change_set__in=listed)
        .order_by()
        .values_list("change__change_set")
        .annotate(Count("change", distinct=True), Count("device", distinct=True))
    )
    found = {change_set: Size(apps, computers) for change_set, apps, computers in rows}
    return [(change_set, found.get(change_set.pk, Size(0, 0))) for change_set in listed]


def notices(change_set: ChangeSet) -> list[tuple[bool, str]]:
    """What to know before approving: whether it blocks an app, and the sentence. Two queries, or none."""
    new = [(False, group_sentence(group)) for group in change_set.plan.get("groups", [])]
    new += [(False, rule_sentence(rule)) for rule in change_set.plan.get("rules", [])]
    new += [(False, sentence) for sentence in narrowed(change_set.plan)]
    said = change_set.plan.get("warnings", [])
    names = group_names(notice["group_id"] for notice in said if notice.get("group_id"))
    return new + [(notice["blocking"], notice_sentence(notice, names)) for notice in said]


def freeze_notices(change_set: ChangeSet, against: Against) -> list[tuple[bool, str]]:
    """As things are now, for whoever is to approve: schools that it does not reach before a freeze has ended."""
    is_planned = change_set.status == ChangeSet.Status.PLANNED
    return [(False, sentence) for sentence in against.freezes] if is_planned else []


def group_names(group_ids: Iterable[str]) -> dict[str, str]:
    wanted = set(group_ids)
    if not wanted:
        return {}
    found = IntuneGroup.objects.filter(graph_id__in=wanted).values_list("graph_id", "display_name")
    return {str(graph_id): name for graph_id, name in found}


def writing(change_set: ChangeSet) -> Writing:
    """One query."""
    operations = Operation.objects.filter(change_set=change_set).select_related(*Operation.NAMES_OF_SUBJECT)
    rows = list(operations.order_by("id").defer("before", "desired"))
    counts: dict[str, int] = defaultdict(int)
    apps = [row for row in rows if row.kind == Operation.Kind.ASSIGN]
    for operation in apps:
        counts[operation.status] += 1
    return Writing(len(apps), dict(counts), [row for row in rows if row.status != Operation.Status.VERIFIED])


def _by_school(targets: QuerySet[ChangeTarget]) -> list[SchoolShare]:
    installs = Q(effect=ChangeTarget.Effect.INSTALL)
    rows = (
        targets.values("device__school", "device__school__name")
        .annotate(
            computers=Count("device", distinct=True),
            download=Sum("change__app_version__size_bytes", filter=installs),
        )
        .order_by(F("device__school__name").asc(nulls_last=True))
    )
    return [
        SchoolShare(
            row["device__school"],
            row["device__school__name"] or _("School not known"),
            row["computers"],
            row["download"] or 0,
        )
        for row in rows
    ]
