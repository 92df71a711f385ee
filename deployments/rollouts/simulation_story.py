"""A simulation told to people: findings as sentences, charts with them as titles, tables of rings and schools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.utils import formats, timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from deployments.models import AppVersion, Simulation
from fleet.models import HardwareModel
from schools.charts import Chart, Series
from schools.models import School
from schools.templatetags.face import number

AROUND_THE_PEAK = 12
"""Hours shown before and after the busiest."""
TWO_DAYS = 48
NARROW = 10
"""Mbit/s below which a decimal is worth showing."""


@dataclass(frozen=True)
class RingRow:
    """`ended`: sentences, the likeliest first, each with in how many of the plays."""

    number: int
    computers: int
    opened: str
    passed: str
    ended: list[str]
    causes: list[str]
    stops: int


@dataclass(frozen=True)
class SchoolRow:
    """`asked`: Mbit/s that the busiest hour asks for; above `line` its downloads wait."""

    school: School | None
    computers: int
    size: int
    line: float | None
    is_assumed: bool
    asked: float
    peak_at: datetime | None
    peak: str
    hours_above: int
    full_hours: int
    longest_wait: float
    hours: list[list[float]] = field(repr=False)

    @property
    def busy(self) -> float:
        return self.asked / self.line if self.line else 0.0


@dataclass
class Story:
    """Three queries for the names. The hours of the school with the key `chosen` are drawn, else of the one whose line
    is nearest to its limit."""

    row: Simulation
    chosen: int | None = None

    @property
    def result(self) -> dict[str, Any]:
        return dict(self.row.result)

    @cached_property
    def versions(self) -> Mapping[int, AppVersion]:
        wanted = {cause["version"] for ring in self.result["rings"] for cause in ring["causes"]}
        return AppVersion.objects.select_related("application").in_bulk(list(wanted))

    @cached_property
    def models(self) -> Mapping[int, HardwareModel]:
        wanted = {cause["model"] for ring in self.result["rings"] for cause in ring["causes"]} - {None}
        return HardwareModel.objects.in_bulk(list(wanted))

    @cached_property
    def schools(self) -> list[SchoolRow]:
        """Those whose line is nearest to its limit first."""
        known = School.objects.in_bulk([each["school"] for each in self.result["schools"] if each["school"]])
        rows = [self._school(each, known.get(each["school"])) for each in self.result["schools"]]
        return sorted(rows, key=lambda row: (-row.busy, str(row.school)))

    def _school(self, said: dict[str, Any], school: School | None) -> SchoolRow:
        peak = max(said["hours"], key=lambda hour: (hour[1], -hour[0]), default=None)
        line = said["line"]
        return SchoolRow(
            school=school,
            computers=said["computers"],
            size=said["bytes"],
            line=line,
            is_assumed=school is not None and school.line_mbit is None,
            asked=peak[1] if peak else 0.0,
            peak_at=self.at(peak[0]) if peak else None,
            peak=_moment(self.at(peak[0])) if peak else "",
            hours_above=sum(asked > line for _hour, asked, _carried in said["hours"]) if line else 0,
            full_hours=said["full_hours"],
            longest_wait=said["longest_wait"],
            hours=said["hours"],
        )

    def at(self, hour: float) -> datetime:
        start = self.row.starts_at or self.row.asked_at
        return timezone.localtime(start + timedelta(hours=hour))

    @property
    def curve_title(self) -> str:
        """The finding, and that it is only played."""
        if self.result["stopped"] * 2 > self.result["runs"]:
            return _("Simulation: it stops before everybody has it, with %(done)s of %(all)s computers done.") % {
                "done": number(self.result["at_end"]["done"]),
                "all": number(self.result["computers"]),
            }
        reached = self.result["reached"]
        if reached["90"]["middle"] is None:
            return _("Simulation: %(done)s of %(all)s computers are done in the end.") % {
                "done": number(self.result["at_end"]["done"]),
                "all": number(self.result["computers"]),
            }
        return _("Simulation: half of the computers are done after %(half)s, nine of ten after %(most)s.") % {
            "half": spell(reached["50"]["middle"]),
            "most": spell(reached["90"]["middle"]),
        }

    @property
    def curve(self) -> Chart:
        rows = self.result["curve"]
        return Chart(
            axis=_("Time (simulated)"),
            labels=[_moment(self.at(each["hour"])) for each in rows],
            series=[
                Series(_("Done"), [each["done"] for each in rows], "ok"),
                Series(_("Done, one play of ten is below"), [each["low"] for each in rows], "idle"),
                Series(_("Done, one play of ten is above"), [each["high"] for each in rows], "accent"),
                Series(_("Failed"), [each["failed"] for each in rows], "bad"),
            ],
            kind="line",
        )

    @property
    def reached(self) -> list[tuple[str, str, str]]:
        """Share, when that is expected, and between what."""
        rows = []
        for share, found in self.result["reached"].items():
            label = _("%(share)s %% done") % {"share": share}
            if found["middle"] is None:
                note = _("Not within %(days)s days: some computers stay away or fail.") % {"days": 45}
                rows.append((label, _("Not reached"), note))
            elif found["high"] is None:
                rows.append((label, spell(found["middle"]), _("In some plays it is not reached.")))
            elif spell(found["low"]) == spell(found["high"]):
                rows.append((label, spell(found["middle"]), _("Much the same in all plays.")))
            else:
                words = {"low": spell(found["low"]), "high": spell(found["high"])}
                rows.append((label, spell(found["middle"]), _("Between %(low)s and %(high)s.") % words))
        return rows

    @property
    def busiest(self) -> SchoolRow | None:
        return next((row for row in self.schools if row.school and row.line and row.asked), None)

    @property
    def drawn(self) -> SchoolRow | None:
        of_choice = (row for row in self.schools if row.school and row.school.pk == self.chosen and row.hours)
        return next(of_choice, self.busiest)

    @property
    def line_title(self) -> str:
        row = self.drawn
        if row is None or row.peak_at is None:
            return ""
        if row.line is None:
            said = _("Simulation: %(school)s asks for up to %(asked)s Mbit/s; nobody knows what its line carries.")
            return said % {"school": row.school, "asked": _figure(row.asked)}
        words = {
            "school": row.school,
            "asked": _figure(row.asked),
            "line": _figure(row.line),
            "hours": number(row.hours_above),
        }
        if not row.hours_above and row.school != (self.busiest and self.busiest.school):
            return _("Simulation: %(school)s asks for up to %(asked)s of its %(line)s Mbit/s.") % words
        if not row.hours_above:
            return (
                _("Simulation: no line is too narrow. %(school)s comes nearest, with %(asked)s of its %(line)s Mbit/s.")
                % words
            )
        return (
            ngettext(
                "Simulation: %(school)s has %(line)s Mbit/s, and %(hours)s hour asks for %(asked)s.",
                "Simulation: %(school)s has %(line)s Mbit/s, and %(hours)s hours ask for more, up to %(asked)s.",
                row.hours_above,
            )
            % words
        )

    @property
    def line(self) -> Chart | None:
        """The hours around the busiest one."""
        row = self.drawn
        if row is None or row.peak_at is None:
            return None
        by_hour = {int(hour): (asked, carried) for hour, asked, carried in row.hours}
        peak = max(by_hour, key=lambda hour: (by_hour[hour][0], -hour))
        shown = range(max(0, peak - AROUND_THE_PEAK), peak + AROUND_THE_PEAK + 1)
        return Chart(
            axis=_("Hour (simulated)"),
            labels=[_moment(self.at(hour)) for hour in shown],
            series=[
                Series(_("Asked for (Mbit/s)"), [by_hour.get(hour, (0, 0))[0] for hour in shown], "warn"),
                Series(_("Carried (Mbit/s)"), [by_hour.get(hour, (0, 0))[1] for hour in shown], "accent"),
                Series(_("The line (Mbit/s)"), [row.line for _hour in shown], "idle"),
            ],
            kind="line",
        )

    @property
    def rings(self) -> list[RingRow]:
        return [self._ring(each) for each in self.result["rings"]]

    def _ring(self, said: dict[str, Any]) -> RingRow:
        ended = sorted(said["ended"].items(), key=lambda pair: (-pair[1], pair[0]))
        return RingRow(
            number=said["number"],
            computers=said["computers"],
            opened="" if said["opened"] is None else _moment(self.at(said["opened"])),
            passed="" if said["passed"] is None else _moment(self.at(said["passed"])),
            ended=[self._ended(code, count) for code, count in ended],
            causes=[self._cause(each) for each in said["causes"]],
            stops=said["ended"].get("halt", 0) + said["ended"].get("below", 0),
        )

    def _ended(self, code: str, count: int) -> str:
        sentences = {
            "passed": _("Lets the next ring through in %(count)s of %(runs)s plays."),
            "last": _("Is reached, and ends the roll-out, in %(count)s of %(runs)s plays."),
            "halt": _("Stops by itself in %(count)s of %(runs)s plays."),
            "below": _("Too few succeed for it to go on in %(count)s of %(runs)s plays."),
            "too_few": _("Too few computers report for it to go on in %(count)s of %(runs)s plays."),
            "soaking": _("Is still being watched at the end of %(count)s of %(runs)s plays."),
            "unopened": _("Never opens in %(count)s of %(runs)s plays."),
        }
        return sentences[code] % {"count": count, "runs": self.result["runs"]}

    def _cause(self, said: dict[str, Any]) -> str:
        model = self.models.get(said["model"])
        words = {"version": self.versions.get(said["version"], ""), "model": model or "", "count": said["in_runs"]}
        if said["code"] == "app_fails":
            return _("%(version)s fails on all models (%(count)s plays).") % words
        if said["code"] == "below":
            return _("Most failures: %(version)s on %(model)s (%(count)s plays).") % words
        return _("%(version)s fails on %(model)s (%(count)s plays).") % words

    @property
    def is_likely_to_stop(self) -> bool:
        """In at least one play of four; less is what little history leaves open."""
        return int(self.result["stopped"]) * 4 >= int(self.result["runs"])

    @property
    def stop(self) -> str:
        """The likeliest stop, in a sentence; empty where none is seen."""
        rings = [ring for ring in self.result["rings"] if ring["causes"]]
        worst = max(rings, key=lambda ring: (ring["causes"][0]["in_runs"], -ring["number"]), default=None)
        if worst is None:
            return ""
        cause = worst["causes"][0]
        words = {
            "ring": worst["number"],
            "version": self.versions.get(cause["version"], ""),
            "model": self.models.get(cause["model"], ""),
            "count": self.result["stopped"],
            "runs": self.result["runs"],
        }
        if cause["model"] is None:
            return _("It stops in %(count)s of %(runs)s plays, oftenest in ring %(ring)s: %(version)s fails.") % words
        return (
            _("It stops in %(count)s of %(runs)s plays, oftenest in ring %(ring)s: %(version)s fails on %(model)s.")
            % words
        )


def spell(hours: float) -> str:
    """Hours up to two days, then days."""
    if hours < TWO_DAYS:
        return ngettext("%(count)s hour", "%(count)s hours", round(hours)) % {"count": number(round(hours))}
    days = round(hours / 24)
    return ngettext("%(count)s day", "%(count)s days", days) % {"count": number(days)}


def _moment(at: datetime) -> str:
    """Without the year: what is played begins soon and lasts some weeks."""
    return formats.date_format(at, pgettext("date format", "j M H:i"))


def _figure(mbit: float) -> str:
    return number_format(mbit, decimal_pos=1 if mbit < NARROW else 0, use_l10n=True, force_grouping=True)
