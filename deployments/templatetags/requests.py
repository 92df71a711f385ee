"""How long something took, in one unit, for the tables of lead times."""

from __future__ import annotations

from datetime import timedelta

from django import template
from django.utils.translation import ngettext

from schools.templatetags.face import number

register = template.Library()

AN_HOUR = timedelta(hours=1)
A_DAY = timedelta(days=1)


@register.filter
def duration(spent: timedelta) -> str:
    """“40 minutes”, “5 hours”, “3 days”; rounded to the nearest."""
    if spent < AN_HOUR:
        count = round(spent / timedelta(minutes=1))
        return ngettext("%(number)s minute", "%(number)s minutes", count) % {"number": number(count)}
    if spent < 2 * A_DAY:
        count = round(spent / AN_HOUR)
        return ngettext("%(number)s hour", "%(number)s hours", count) % {"number": number(count)}
    count = round(spent / A_DAY)
    return ngettext("%(number)s day", "%(number)s days", count) % {"number": number(count)}
