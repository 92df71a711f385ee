"""What the portal itself says of a failed call is told in the reader's language; what Graph said stays as it is."""

from __future__ import annotations

from django.utils import translation

from intune_sync import own_words
from intune_sync.models import Operation
from intune_sync.own_words import in_readers_language, with_detail
from intune_sync.reasons import explain


def test_our_sentence_is_translated_and_keeps_its_detail() -> None:
    said = with_detail(own_words.CONNECTION_FAILED, "ReadTimeout")

    with translation.override("sv"):
        assert in_readers_language(said) == "Anslutningen misslyckades (ReadTimeout)."


def test_what_graph_said_stays_as_it_is() -> None:
    with translation.override("sv"):
        assert in_readers_language("The tenant is being moved (code 7).") == "The tenant is being moved (code 7)."


def test_reason_of_a_run_has_no_english_in_a_swedish_sentence() -> None:
    with translation.override("sv"):
        told = explain("graph_unavailable", {"said": own_words.CONNECTION_FAILED})

    assert told.startswith("Microsoft Graph svarade inte: Anslutningen misslyckades. Nästa")


def test_words_of_ours_are_not_put_into_intunes_mouth() -> None:
    with translation.override("sv"):
        assert Operation(error=own_words.CONNECTION_FAILED).said == "Anslutningen misslyckades."
        assert Operation(error="Bad request").said == "Intune svarade: ”Bad request”"
        assert Operation().said == ""
