"""What is on a school's computers this term, since when, and what is coming: the teacher's view of the catalogue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Prefetch, Q
from django.utils import timezone

from deployments.models import Application, AppVersion, BaselineEntry, BaselineRevision, ChangeSet, Intent
from fleet.models import Platform
from schools.models import School, User

Status = BaselineRevision.Status
GIVES = (Intent.REQUIRED, Intent.AVAILABLE)
ON_ITS_WAY = [Status.DECIDED, Status.SCHEDULED]


@dataclass(frozen=True)
class Program:
    """`intent` None: not on the school's computers as a whole. `classes` are class groups that have it beyond that.

    `since` is when a revision first brought it without a break; `is_older` when that was the portal's first revision,
    so that it has been there longer.
    """

    application: Application
    intent: str | None
    since: datetime | None = None
    is_older: bool = False
    classes: tuple[str, ...] = ()

    @property
    def is_required(self) -> bool:
        return self.intent == Intent.REQUIRED

    @property
    def platforms(self) -> list[str]:
        found = {version.platform for version in self.application.versions.all()}
        return [platform.label for platform in Platform if platform in found]

    @property
    def subjects(self) -> list[str]:
        return [subject.name for subject in self.application.subjects.all()]


@dataclass(frozen=True)
class Coming:
    """A decision that has not reached the computers. `on` None: as soon as it is written to Intune."""

    application: Application
    arrives: bool
    revision: BaselineRevision
    on: date | None


@dataclass(frozen=True)
class SchoolPrograms:
    """By application name. `more` are the catalogue's others that a school can ask for."""

    present: list[Program]
    coming: list[Coming]
    more: list[Application]


def programs_of(school: School, user: User, today: date) -> SchoolPrograms:
    """Five queries, however many applications and revisions there are."""
    applications = _catalogue(user)
    revisions = _revisions()
    said, in_classes = _words(school, revisions)
    active = next((each for each in revisions if each.status == Status.ACTIVE), None)
    past = sorted((each for each in revisions if each.activated_at), key=_activated, reverse=True)
    present = [
        _program(application, said[application.pk], in_classes.get(application.pk, {}), past)
        for application in applications
        if active and (_has(said[application.pk], active) or in_classes.get(application.pk, {}).get(active.pk))
    ]
    coming = [each for application in applications for each in _coming(application, said, revisions, active, today)]
    shown = {each.application.pk for each in present} | {each.application.pk for each in coming if each.arrives}
    more = [each for each in applications if each.pk not in shown and each.versions.all()]
    return SchoolPrograms(present, coming, more)


def _catalogue(user: User) -> list[Application]:
    versions = Prefetch("versions", AppVersion.objects.only("application", "platform").order_by())
    return list(Application.objects.visible_to(user).prefetch_related("subjects", versions))


def _revisions() -> list[BaselineRevision]:
    """Those that are or were in force, and those that are decided; a request's decision may be proposed to Intune."""
    by_decision = ChangeSet.objects.open().exclude(decision=None).values("revision")
    revisions = BaselineRevision.objects.filter(
        Q(activated_at__isnull=False) | Q(status__in=ON_ITS_WAY) | Q(status=Status.PROPOSED, pk__in=by_decision)
    )
    return list(revisions.select_related("baseline__semester").order_by("pk"))


Words = dict[int, tuple[int, str]]
"""By revision id: the level of the nearest container that speaks of the application, and its intent ("" takes away)."""


def _words(
    school: School, revisions: list[BaselineRevision]
) -> tuple[dict[int, Words], dict[int, dict[int, list[str]]]]:
    """What holds for the school as a whole by application, and the class groups that get it besides."""
    around = Q(profile__municipality__isnull=False) | Q(profile__school_form=school.school_form_id)
    own = Q(profile__school=school.pk) | Q(profile__class_group__school=school.pk)
    rows = (
        BaselineEntry.objects.filter(around | own, revision__in=[each.pk for each in revisions])
        .order_by("profile__level", "profile__class_group__name")
        .values_list("application", "profile__level", "profile__class_group__name", "intent")
        .annotate(revisions=ArrayAgg("revision"))
    )
    said: dict[int, Words] = defaultdict(dict)
    in_classes: dict[int, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for application, level, class_group, intent, keys in rows:
        for key in keys:
            if class_group is None:
                said[application][key] = (level, intent)
            elif intent in GIVES:
                in_classes[application][key].append(class_group)
    return said, in_classes


def _has(words: Words, revision: BaselineRevision | None) -> bool:
    return revision is not None and words.get(revision.pk, (0, ""))[1] in GIVES


def _activated(revision: BaselineRevision) -> datetime:
    return revision.activated_at or timezone.now()


def _program(
    application: Application, words: Words, classes: dict[int, list[str]], past: list[BaselineRevision]
) -> Program:
    """`past` begins with the revision in force."""
    first: BaselineRevision | None = None
    for revision in past:
        if not (_has(words, revision) or classes.get(revision.pk)):
            break
        first = revision
    active = past[0]
    has = _has(words, active)
    return Program(
        application,
        intent=words[active.pk][1] if has else None,
        since=first.activated_at if first else None,
        is_older=first is past[-1],
        classes=() if has else tuple(classes.get(active.pk, ())),
    )


def _coming(
    application: Application,
    said: dict[int, Words],
    revisions: list[BaselineRevision],
    active: BaselineRevision | None,
    today: date,
) -> Iterator[Coming]:
    """What each revision on its way changes against the one it is based on, unless that is so already."""
    words, now = said[application.pk], _has(said[application.pk], active)
    by_key = {each.pk: each for each in revisions}
    for revision in revisions:
        if revision.activated_at is not None:
            continue
        before, after = _has(words, by_key.get(revision.based_on_id or 0)), _has(words, revision)
        if after not in (before, now):
            semester = revision.baseline.semester
            day = semester.publish_on or semester.starts_on
            yield Coming(application, after, revision, day if day > today else None)
            return
