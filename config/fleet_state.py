"""The state of the fleet as the overview shows it: cards that link to their lists, a bar of shares, a chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from fleet.models import Condition, Device, Platform
from fleet.queries import Fleet
from schools.charts import Chart, Series
from schools.status import look
from schools.templatetags.face import number

BAR_WIDTH = 1000
BUILDS_SHOWN = 9


@dataclass(frozen=True)
class Figure:
    label: str | Promise
    count: int
    of: int | None
    url: str
    icon: str
    tone: str


@dataclass(frozen=True)
class Share:
    """A piece of the bar: where it starts and how wide it is, of BAR_WIDTH."""

    tone: str
    x: float
    width: float


def device_list(**query: str) -> str:
    return f"{reverse('fleet:device_list')}?{urlencode(query)}"


def figures(fleet: Fleet) -> list[Figure]:
    conditions = [
        Figure(
            condition.label,
            fleet.count(condition),
            fleet.total if condition == Condition.IN_ORDER else None,
            device_list(condition=condition.value),
            look(condition.value).icon,
            look(condition.value).tone if fleet.count(condition) else "",
        )
        for condition in Condition
    ]
    compliant = Device.Compliance.COMPLIANT
    meets_rules = Figure(
        compliant.label,
        fleet.by_compliance.get(compliant, 0),
        fleet.total,
        device_list(compliance=compliant.value),
        look(compliant.value).icon,
        look(compliant.value).tone,
    )
    return [*conditions, meets_rules]


def shares(fleet: Fleet) -> list[Share]:
    pieces, x = [], 0.0
    for condition in Condition:
        width = BAR_WIDTH * fleet.share(condition)
        pieces.append(Share(look(condition.value).tone, round(x, 2), round(width, 2)))
        x += width
    return [piece for piece in pieces if piece.width]


def builds(fleet: Fleet) -> tuple[str, Chart] | None:
    """The finding as a sentence, and the chart of OS builds from the newest; None while no build is known."""
    known = sorted(((key, n) for key, n in fleet.by_build.items() if key[1]), key=lambda each: _age(each[0]))
    if not known:
        return None
    shown, rest = known[:BUILDS_SHOWN], sum(count for _key, count in known[BUILDS_SHOWN:])
    older = ([_("Older builds")], [""], [rest]) if rest else ([], [], [])
    chart = Chart(
        axis=_("OS build"),
        labels=[f"{Platform(platform).label} {build}" for (platform, build), _count in shown] + older[0],
        links=[device_list(platform=platform, os=build) for (platform, build), _count in shown] + older[1],
        series=[Series(_("Computers"), [count for _key, count in shown] + older[2])],
        horizontal=True,
    )
    return _finding(known), chart


def _finding(known: Sequence[tuple[tuple[str, str], int]]) -> str:
    """About the platform that most computers have: how many of them run its newest build."""
    totals: dict[str, int] = {}
    for (platform, _build), count in known:
        totals[platform] = totals.get(platform, 0) + count
    main = max(totals, key=totals.__getitem__)
    build, newest = next((build, count) for (platform, build), count in known if platform == main)
    return _("%(percent)s %% of the %(platform)s computers run the newest build seen here, %(build)s") % {
        "percent": number(round(100 * newest / totals[main])),
        "platform": Platform(main).label,
        "build": build,
    }


def _age(key: tuple[str, str]) -> tuple[str, list[int]]:
    """Windows before macOS, and within each the newest build first."""
    platform, build = key
    return (
        "" if platform == Platform.WINDOWS else platform,
        [-int(part) for part in build.split(".") if part.isdigit()],
    )
