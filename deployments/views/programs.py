"""Programs on the computers of one's own school, for people who teach there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from deployments.catalogue.grades import grades
from deployments.catalogue.programs import SchoolPrograms, programs_of
from deployments.models import Application
from deployments.views.person import person
from schools.decorators import permission_required
from schools.models import School, User
from schools.models.people import SCHOOL_ROLES
from schools.pages import render_page

LAST_SCHOOL = "programs_school"
MOST_OTHERS = 30
"""Of the catalogue's other applications; beyond them a search finds the rest."""


@dataclass(frozen=True)
class Wish:
    """What the address asks for."""

    words: str
    subject: str
    grade: int | None

    @classmethod
    def read(cls, query: Any) -> Wish:
        grade = query.get("grade", "")
        is_grade = grade.isascii() and grade.isdigit() and len(grade) <= 2 and int(grade) <= 12
        return cls(query.get("q", "").strip()[:100], query.get("subject", "")[:100], int(grade) if is_grade else None)

    @property
    def is_narrow(self) -> bool:
        return bool(self.words or self.subject or self.grade is not None)

    def fits(self, application: Application) -> bool:
        return self._by_words(application) and self._by_subject(application) and self._by_grade(application)

    def _by_words(self, application: Application) -> bool:
        said = " ".join((application.name, application.publisher, application.description, *_subjects(application)))
        return self.words.casefold() in said.casefold()

    def _by_subject(self, application: Application) -> bool:
        return not self.subject or self.subject in _subjects(application)

    def _by_grade(self, application: Application) -> bool:
        """An application for which nobody has named grades is for all."""
        first, last = application.first_grade, application.last_grade
        return self.grade is None or first is None or last is None or first <= self.grade <= last


@require_GET
@permission_required("deployments.view_program")
def program_list(request: HttpRequest) -> HttpResponse:
    user = person(request)
    schools = _schools(user)
    school = _chosen(request, schools)
    programs = programs_of(school, user, timezone.localdate()) if school else SchoolPrograms([], [], [])
    wish = Wish.read(request.GET)
    more = [each for each in programs.more if wish.fits(each)]
    context = {
        "school": school,
        "schools": schools,
        "present": [each for each in programs.present if wish.fits(each.application)],
        "coming": [each for each in programs.coming if wish.fits(each.application)],
        "more": more[:MOST_OTHERS],
        "left_out": max(0, len(more) - MOST_OTHERS),
        "wish": wish,
        "subjects": _subjects_of(programs),
        "grades": grades(),
        "may_ask": school is not None and user.access.holds(*SCHOOL_ROLES, school_id=school.pk),
    }
    return render_page(request, "deployments/program_list.html", context, partial="deployments/_program_list.html")


def _schools(user: User) -> list[School]:
    """Those where the person has such a role; for people of the whole municipality all."""
    mine = user.access.schools_q("deployments.view_program", "pk")
    return list(School.objects.filter(mine).order_by("name"))


def _chosen(request: HttpRequest, schools: list[School]) -> School | None:
    """The school of the address, else the last one looked at, else the first."""
    by_key = {str(school.pk): school for school in schools}
    asked = by_key.get(request.GET.get("school", ""))
    if asked:
        request.session[LAST_SCHOOL] = asked.pk
        return asked
    return by_key.get(str(request.session.get(LAST_SCHOOL, ""))) or next(iter(schools), None)


def _subjects(application: Application) -> list[str]:
    return [subject.name for subject in application.subjects.all()]


def _subjects_of(programs: SchoolPrograms) -> list[str]:
    every: Iterable[Application] = (
        *(each.application for each in programs.present),
        *(each.application for each in programs.coming),
        *programs.more,
    )
    return sorted({subject for application in every for subject in _subjects(application)}, key=str.casefold)
