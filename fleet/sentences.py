"""What a list of computers says about itself, in whole sentences."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fleet.models import Condition


def number(value: int) -> str:
    return number_format(value, use_l10n=True, force_grouping=True)


def about_computers(counts: Mapping[Condition, int], *, is_narrowed: bool) -> list[str]:
    """How many there are, then what deserves a look; one sentence each, at most four."""
    total = sum(counts.values())
    if not total:
        return [_("No computer matches your choices.") if is_narrowed else _("There are no computers here yet.")]
    return [_total(total, is_narrowed=is_narrowed), *_worth_a_look(counts)]


def _total(total: int, *, is_narrowed: bool) -> str:
    if is_narrowed:
        text = ngettext("%(number)s computer matches your choices.", "%(number)s computers match your choices.", total)
    else:
        text = ngettext("%(number)s computer.", "%(number)s computers.", total)
    return text % {"number": number(total)}


def _worth_a_look(counts: Mapping[Condition, int]) -> list[str]:
    silent, missing, attention = (counts[each] for each in (Condition.SILENT, Condition.MISSING, Condition.ATTENTION))
    sentences = []
    if silent:
        text = ngettext(
            "%(number)s has not been heard from for two weeks.",
            "%(number)s have not been heard from for two weeks.",
            silent,
        )
        sentences.append(text % {"number": number(silent)})
    if attention:
        text = ngettext("%(number)s does not meet the rules.", "%(number)s do not meet the rules.", attention)
        sentences.append(text % {"number": number(attention)})
    if missing:
        text = ngettext("%(number)s is gone from Intune.", "%(number)s are gone from Intune.", missing)
        sentences.append(text % {"number": number(missing)})
    return sentences or [_("Nothing there needs a look.")]
