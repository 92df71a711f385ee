"""Holds from before reasons had codes keep their words until they are looked at again."""

from importlib import import_module

import pytest
from django.apps import apps

from intune_sync.holds import explain
from intune_sync.models import AutomaticHold
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def test_words_of_an_earlier_hold_are_kept_and_come_back() -> None:
    migration = import_module("intune_sync.migrations.0009_holds_give_reasons_as_codes")
    AutomaticHold.objects.create(
        change_set=factories.change_set(), reason="Den når Nyeds skola.", since=NOW, looked_at=NOW
    )

    migration.keep_the_words(apps, None)
    hold = AutomaticHold.objects.get()
    assert explain(hold.reason, hold.reason_data) == "Den når Nyeds skola."
    migration.put_the_words_back(apps, None)

    assert AutomaticHold.objects.get().reason == "Den når Nyeds skola."
