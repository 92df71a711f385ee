"""Grades 0 to 12 in words: the preschool class, compulsory school, upper secondary."""

from __future__ import annotations

from django.utils.translation import gettext as _

from deployments.models import Application


def grades() -> list[tuple[int, str]]:
    return [(grade, grade_in_words(grade)) for grade in range(13)]


def grade_in_words(grade: int) -> str:
    if grade == 0:
        return _("Preschool class")
    if grade < 10:
        return _("Grade %(grade)s") % {"grade": grade}
    return _("Upper secondary, year %(year)s") % {"year": grade - 9}


def grades_in_words(application: Application) -> str:
    """Empty when nobody has named any."""
    first, last = application.first_grade, application.last_grade
    if first is None or last is None:
        return ""
    if first == last:
        return grade_in_words(first)
    return f"{grade_in_words(first)} – {grade_in_words(last)}"
