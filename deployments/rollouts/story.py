"""What is going on with a roll-out and what follows, in sentences; and what each ring's gate says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from deployments.models import GateReading, Ring, Rollout
from deployments.rollouts.gate import Tally, is_good, needed, sample
from deployments.rollouts.progress import LATER, place_label
from deployments.rollouts.readings import rules_of
from deployments.rollouts.words import explain
from deployments.services.rollouts import Wait
from schools.templatetags.face import number

Status = Rollout.Status
Verdict = GateReading.Verdict


@dataclass(frozen=True)
class Step:
    """A ring with what its gate read last; `computers` as far as the person sees, `let_in` of them by the calendar.

    `tally` is how it is now; the gate reads each minute.
    """

    ring: Ring
    reading: GateReading | None
    computers: int
    let_in: int
    is_last: bool
    tally: Tally
    so_far: float
    """The share of all computers that are in it and the rings before."""
    told_at: datetime | None
    """From when on it is watched (`readings.watched_from`)."""

    @property
    def needed(self) -> int:
        """Reports that it takes, if all that are still to come succeed."""
        return needed(self.tally, rules_of(self.ring.rollout))

    @property
    def has_sample(self) -> bool:
        return self.tally.reported >= sample(self.tally, rules_of(self.ring.rollout))

    @property
    def is_good(self) -> bool:
        """Of those that have reported enough succeeded."""
        return is_good(self.tally, rules_of(self.ring.rollout))

    @property
    def soaked_at(self) -> datetime | None:
        """When it has been watched long enough."""
        return self.told_at + self.ring.rollout.soak if self.told_at else None

    @property
    def percent_so_far(self) -> str:
        return percent(self.so_far)

    @property
    def state(self) -> tuple[str, str | Promise]:
        """A status and its word. Of a roll-out that was broken off nothing is watched or comes any more."""
        rollout, status = self.ring.rollout, self.ring.status
        if rollout.status not in (Status.ABORTED, Status.ROLLED_BACK) or status == Ring.Status.SKIPPED:
            return status, self.ring.get_status_display()
        if status == Ring.Status.PLANNED:
            return LATER, place_label(LATER, rollout)
        return rollout.status, rollout.get_status_display()

    @property
    def is_open(self) -> bool:
        return bool(self.ring.status == Ring.Status.OPEN)


def moment(at: datetime) -> str:
    """“at 10:42” today, with the date otherwise."""
    local = timezone.localtime(at)
    if local.date() == timezone.localdate():
        return _("at %(time)s") % {"time": formats.time_format(local, "TIME_FORMAT")}
    return formats.date_format(local, "DATETIME_FORMAT")


def story(
    rollout: Rollout,
    steps: Sequence[Step],
    now: datetime,
    *,
    decides: bool,
    wait: Wait | None = None,
    opens_at: datetime | None = None,
) -> list[str]:
    """For a reader who `decides` how it goes on, or not. `wait` is what a queued one waits for; `opens_at` when the
    calendars let the next ring in."""
    return list(_told(rollout, steps, now, wait=wait, opens_at=opens_at, decides=decides))


def _told(
    row: Rollout,
    steps: Sequence[Step],
    now: datetime,
    *,
    wait: Wait | None,
    opens_at: datetime | None,
    decides: bool,
) -> Iterator[str]:
    total = sum(step.computers for step in steps)
    if row.status == Status.PLANNED:
        yield _planned(steps, total)
        yield _("Nothing reaches a computer before somebody starts it.")
    elif row.status == Status.QUEUED:
        yield _queued(wait)
    elif row.status == Status.HALTED:
        yield _("It has stopped by itself.")
        yield explain(row.halt_code, row.halt_data)
        yield _left(steps)
        yield _("Roll it back, or say why it may go on.") if decides else _("IT decides how it goes on.")
    elif row.status == Status.PAUSED:
        yield _("It is paused.")
        yield _left(steps)
    elif row.status == Status.RUNNING:
        yield from _running(row, steps, now, opens_at)
    else:
        yield from _ended(row, total)


def _planned(steps: Sequence[Step], total: int) -> str:
    if len(steps) < 2:
        said = ngettext(
            "It is planned to reach %(number)s computer at once.",
            "It is planned to reach %(number)s computers at once.",
            total,
        )
        return said % {"number": number(total)}
    said = ngettext(
        "It is planned to reach %(number)s computer in %(rings)s rings.",
        "It is planned to reach %(number)s computers in %(rings)s rings.",
        total,
    )
    return said % {"number": number(total), "rings": len(steps)}


def _queued(wait: Wait | None) -> str:
    if wait and wait.others:
        others = get_text_list([str(each) for each in wait.others], _("and"))
        return _(
            "It waits until %(others)s has ended, which concerns the same applications or groups, and then starts by "
            "itself."
        ) % {"others": others}
    if wait and wait.until:
        return _("It waits for its day, and starts by itself %(moment)s.") % {"moment": moment(wait.until)}
    return _("It starts by itself within a minute or so.")


def _left(steps: Sequence[Step]) -> str:
    left = sum(step.computers for step in steps if step.ring.status == Ring.Status.PLANNED)
    said = ngettext(
        "%(number)s computer is left that has not got the change, and gets nothing meanwhile.",
        "%(number)s computers are left that have not got the change, and get nothing meanwhile.",
        left,
    )
    return said % {"number": number(left)} if left else _("Every ring has been opened already.")


def _running(row: Rollout, steps: Sequence[Step], now: datetime, opens_at: datetime | None) -> Iterator[str]:
    current = next((step for step in steps if step.ring.status in (Ring.Status.OPENING, Ring.Status.OPEN)), None)
    if current is None:
        yield _between(steps, now, opens_at)
        return
    words = {"ring": current.ring.number, "number": number(current.let_in)}
    if current.ring.status == Ring.Status.OPENING:
        yield (
            ngettext(
                "Ring %(ring)s is being written to Intune, for %(number)s computer.",
                "Ring %(ring)s is being written to Intune, for %(number)s computers.",
                current.let_in,
            )
            % words
        )
        return
    yield (
        ngettext(
            "Ring %(ring)s is out on %(number)s computer.",
            "Ring %(ring)s is out on %(number)s computers.",
            current.let_in,
        )
        % words
    )
    yield follows(row, current)


def _between(steps: Sequence[Step], now: datetime, opens_at: datetime | None) -> str:
    coming = next((step for step in steps if step.ring.status == Ring.Status.PLANNED), None)
    if coming is None:
        return _("All rings have passed; the last of it is being confirmed.")
    words = {"ring": coming.ring.number}
    if opens_at and opens_at > now:
        words["moment"] = moment(opens_at)  # type: ignore[assignment]
        return _("Ring %(ring)s is next. The school calendar lets it in %(moment)s.") % words
    return _("Ring %(ring)s is next, and opens within a minute or so.") % words


def follows(row: Rollout, step: Step) -> str:
    """What an open ring waits for, and what comes then."""
    verdict = step.reading.verdict if step.reading else Verdict.TOO_FEW
    if verdict == Verdict.TOO_FEW:
        return _too_few(step)
    if verdict == Verdict.SOAKING and step.soaked_at:
        return _soaking(row, step, step.soaked_at)
    if verdict == Verdict.BELOW:
        return _("%(rate)s succeed, where %(wanted)s are wanted, so the next ring does not open by itself.") % {
            "rate": percent(1 - step.tally.failure_rate),
            "wanted": percent(row.least_success),
        }
    if verdict == Verdict.PASS and row.gate == Rollout.Gate.BY_HAND:
        return _("Its gate has passed. Somebody has to let the next ring through.")
    return _("Its gate has passed, and the next ring opens within a minute or so.")


def _soaking(row: Rollout, step: Step, until: datetime) -> str:
    words = {"moment": moment(until)}
    if not step.is_good:
        rates = {"rate": percent(1 - step.tally.failure_rate), "wanted": percent(row.least_success)}
        return _("%(rate)s succeed so far, where %(wanted)s are wanted. It is watched until %(moment)s.") % {
            **rates,
            **words,
        }
    if row.gate == Rollout.Gate.BY_HAND:
        return _("It looks well and is watched until %(moment)s; then somebody lets the next ring through.") % words
    return _("It looks well and is watched until %(moment)s; then the next ring opens by itself.") % words


def _too_few(step: Step) -> str:
    if step.reading and not step.tally.everything:
        return _("None of its computers can report, so somebody has to let the next ring through.")
    more = step.needed - step.tally.reported
    if more <= 0 or (step.has_sample and not step.is_good):
        return _("Enough computers have reported; the gate is read within a minute or so.")
    if step.reading and step.has_sample:
        said = ngettext(
            "Enough of those that reported succeed; %(more)s more that does makes it certain of the whole ring.",
            "Enough of those that reported succeed; %(more)s more that do make it certain of the whole ring.",
            more,
        )
        return said % {"more": number(more)}
    return _("%(reported)s of at least %(needed)s computers have reported; the gate waits for the others.") % {
        "reported": number(step.tally.reported),
        "needed": number(step.needed),
    }


def _ended(row: Rollout, total: int) -> Iterator[str]:
    if row.status == Status.DONE:
        said = ngettext(
            "It is written for the %(number)s computer.", "It is written for all %(number)s computers.", total
        )
        yield said % {"number": number(total)}
        yield _("Those that are off follow as soon as they are started.")
    elif row.started_at is None:
        yield _("It was broken off before it reached any computer.")
    elif row.status == Status.ABORTED:
        yield _("It was broken off. What is out stays until it is rolled back or decided anew.")
    else:
        yield _("It has been rolled back: what it changed says again what was said before.")
    if row.rollback and row.status != Status.ROLLED_BACK:
        yield _("%(change)s takes it back, and waits to be written.") % {"change": row.rollback}


def gate_sentences(step: Step) -> list[str]:
    """The numbers of a ring's gate: the reports that it takes, and what failed with its bounds."""
    read = step.reading
    if read is None:
        return []
    tally = Tally(read.installed, read.failed, read.waiting)
    said = [_reports(tally, step, is_stopped=read.verdict == Verdict.HALT)]
    if tally.reported:
        failed = ngettext(
            "%(failed)s failed: %(rate)s, and with 95 per cent certainty at most %(high)s of the whole ring.",
            "%(failed)s failed: %(rate)s, and with 95 per cent certainty at most %(high)s of the whole ring.",
            tally.failed,
        )
        words = {"rate": percent(tally.failure_rate), "high": percent(read.high)}
        said.append(failed % {**words, "failed": number(tally.failed)})
    return said


def _reports(tally: Tally, step: Step, *, is_stopped: bool) -> str:
    """No number of reports lets a ring pass that has stopped the roll-out."""
    if is_stopped:
        said = ngettext("%(reported)s has reported.", "%(reported)s have reported.", tally.reported)
        return said % {"reported": number(tally.reported)}
    wanted = needed(tally, rules_of(step.ring.rollout))
    return _("%(reported)s have reported, of at least %(needed)s.") % {
        "reported": number(tally.reported),
        "needed": number(wanted),
    }


def percent(share: float) -> str:
    """“6.5 per cent”, without a decimal where it is none."""
    shown = round(100 * share, 1)
    text = formats.number_format(int(shown) if shown == int(shown) else shown)
    return _("%(percent)s per cent") % {"percent": text}


def steps_of(
    rings: Sequence[Ring],
    readings: Mapping[int, GateReading],
    counts: Mapping[int, int],
    let_in: Mapping[int, int],
    tallies: Mapping[int, Tally] | None = None,
) -> list[Step]:
    """`rings` of `with_told_at`; `readings` by ring's primary key; the others by ring number. Without `tallies` those
    of the readings."""
    last = max((ring.number for ring in rings), default=0)
    total = sum(counts.values())
    numbers = [ring.number for ring in rings]
    so_far = dict(zip(numbers, accumulate(counts.get(number, 0) for number in numbers), strict=True))
    return [
        Step(
            ring,
            readings.get(ring.pk),
            counts.get(ring.number, 0),
            let_in.get(ring.number, 0),
            is_last=ring.number == last,
            tally=_read_by(readings.get(ring.pk), let_in.get(ring.number, 0))
            if tallies is None
            else tallies.get(ring.number, Tally()),
            so_far=so_far[ring.number] / total if total else 0.0,
            told_at=vars(ring)["told_at"],
        )
        for ring in rings
    ]


def _read_by(reading: GateReading | None, let_in: int) -> Tally:
    return Tally(reading.installed, reading.failed, reading.waiting) if reading else Tally(waiting=let_in)
