"""The pieces every page is made of: icons, statuses, moments, figures, sortable headings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.template.context import Context
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from schools.status import look

register = template.Library()

A_MINUTE = 60


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon of static/icons.txt. It is decoration: the word beside it says the same."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', static("vendor/icons.svg"), name
    )


@register.simple_tag
def status(code: str, label: Any) -> SafeString:
    """`{% status device.compliance_state device.get_compliance_state_display %}`"""
    shape = look(str(code))
    return format_html('<span class="pill pill-{}">{}{}</span>', shape.tone, icon(shape.icon), label)


def ago(moment: datetime, now: datetime) -> str:
    """“3 days ago”, in one unit."""
    if (now - moment).total_seconds() < A_MINUTE:
        return _("just now")
    return _("%(time)s ago") % {"time": timesince(moment, now, depth=1)}


@register.simple_tag
def as_of(moment: datetime | None, short: bool = False) -> SafeString:
    """How long ago and exactly when; `short` keeps the exact time in the tooltip, for tables. Nothing: “never”."""
    if moment is None:
        return format_html('<span class="never">{}</span>', _("never"))
    now = timezone.now()
    local = timezone.localtime(moment)
    exact = formats.date_format(local, "DATETIME_FORMAT")
    text = ago(moment, now)
    if not short:
        is_today = local.date() == timezone.localdate(now)
        text = f"{text}, {formats.time_format(local, 'TIME_FORMAT') if is_today else exact}"
    return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(timespec="seconds"), exact, text)


@register.simple_tag
def since(moment: datetime) -> SafeString:
    """From when something lasts: the time of today, else the day as well."""
    local = timezone.localtime(moment)
    exact = formats.date_format(local, "DATETIME_FORMAT")
    start = formats.time_format(local, "TIME_FORMAT") if local.date() == timezone.localdate() else exact
    text = _("since %(start)s") % {"start": start}
    return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(timespec="seconds"), exact, text)


@register.inclusion_tag("includes/figure.html")
def figure(
    value: Any,
    label: Any,
    href: str = "",
    *,
    of: Any = None,
    tone: str = "",
    icon: str = "",
    note: Any = "",
    status: str = "",
) -> dict[str, Any]:
    """A card with a figure that links to exactly the list it counts. `tone` as in `schools.status.Look`.

    `status` gives icon and tone by a code that `schools.status` knows.
    """
    if status:
        icon, tone = look(status).icon, look(status).tone
    value, of = number(value), number(of)
    return {"value": value, "label": label, "href": href, "of": of, "tone": tone, "icon": icon, "note": note}


@register.filter
def number(value: Any) -> Any:
    """11 000, with the language's separators; anything but a number as it is."""
    return number_format(value, use_l10n=True, force_grouping=True) if isinstance(value, int | float) else value


def _query(context: Context, drop: tuple[str, ...], **put: str) -> str:
    """The address' query without page cursors and empty values."""
    query = context["request"].GET.copy()
    for name in ("after", "before", *drop, *put):
        query.pop(name, None)
    for name in [name for name in query if not any(query.getlist(name))]:
        del query[name]
    for name, value in put.items():
        query[name] = value
    return str(query.urlencode())


@register.simple_tag(takes_context=True)
def query_without(context: Context, *names: str) -> str:
    """The query of the address, without these names and back on the first page."""
    return _query(context, names)


@register.simple_tag(takes_context=True)
def query_with(context: Context, **values: Any) -> str:
    """The query of the address with these values, back on the first page."""
    return _query(context, (), **{name: str(value) for name, value in values.items()})


@register.simple_tag(takes_context=True)
def sort_link(context: Context, key: str, label: Any, css_class: str = "") -> SafeString:
    """A whole `<th>` whose link sorts by `key`, and the other way round when the list is so sorted already.

    Reads `page.order` (a `KeysetPage`); writes `sort` into the address and leaves the rest of it.
    """
    order = context["page"].order
    is_current = order.removeprefix("-") == key
    query = _query(context, (), sort=f"-{key}" if order == key else key)
    return format_html(
        '<th scope="col" class="{}"{}><a class="sort" href="?{}">{}{}</a></th>',
        css_class,
        format_html(' aria-sort="{}"', "descending" if order.startswith("-") else "ascending") if is_current else "",
        query,
        label,
        icon("arrow-down" if order.startswith("-") else "arrow-up") if is_current else "",
    )
