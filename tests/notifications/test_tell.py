"""People are told once about each episode, and never without the act."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone, translation

from schools.models import Notification, WebhookDelivery, WebhookEndpoint
from schools.notifications.kinds import body_of, kinds, subject_of
from schools.services.notify import holders_of, tell
from tests import factories

pytestmark = pytest.mark.django_db

KIND = "changeset.planned"
SAID = {"url": "/changes/7/", "data": {"number": 7, "revision": "VT 2027 revision 2"}}


def test_each_person_is_told_once_about_an_episode() -> None:
    anna, bengt = factories.user(), factories.user()

    tell([anna], KIND, episode="a", **SAID)
    tell([anna, bengt, bengt], KIND, episode="a", urgent=True, **SAID)
    tell([anna], KIND, episode="b", **SAID)

    told = Notification.objects.order_by("id").values_list("user", "episode", "is_urgent")
    assert list(told) == [(anna.pk, "a", False), (bengt.pk, "a", True), (anna.pk, "b", False)]


def test_closed_accounts_are_told_nothing() -> None:
    tell([factories.user(is_active=False)], KIND, episode="a", **SAID)

    assert not Notification.objects.exists()


def test_what_was_told_of_an_act_that_failed_is_gone_with_it() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        tell([factories.user()], KIND, episode="a", **SAID)
        _ = 1 / 0

    assert not Notification.objects.exists()


@pytest.mark.parametrize("url", ["https://elsewhere.example/", "//elsewhere.example/", ""])
def test_only_paths_of_the_portal_are_led_to(url: str) -> None:
    with pytest.raises(ValueError, match="no path"):
        tell([], KIND, episode="a", url=url, data={})


def test_kind_without_words_is_a_programming_error() -> None:
    with pytest.raises(LookupError):
        tell([], "nobody.registers_this", episode="a", url="/", data={})


def test_webhooks_that_listen_for_the_kind_hear_of_it_once() -> None:
    columns = {"url": "https://hook.example/", "secret": "s", "created_by": factories.user()}
    listening = WebhookEndpoint.objects.create(name="a", kinds=[KIND, "other"], **columns)
    WebhookEndpoint.objects.create(name="b", kinds=["other"], **columns)
    WebhookEndpoint.objects.create(name="c", kinds=[KIND], is_active=False, **columns)

    for _ in range(2):
        tell([], KIND, episode="a", **SAID)

    assert [delivery.endpoint for delivery in WebhookDelivery.objects.all()] == [listening]


def test_holders_are_those_who_hold_the_role_now_at_the_school_or_everywhere() -> None:
    own, other = factories.school(), factories.school()
    here, everywhere = factories.person("approver", own), factories.person("it_admin")
    factories.person("approver", other)
    factories.role(factories.user(), "approver", own, valid_until=timezone.now() - timedelta(days=1))
    factories.person("approver", own, is_active=False)

    assert set(holders_of("approver", "it_admin", school=own)) == {here, everywhere}
    assert set(holders_of("approver", "it_admin")) == {everywhere}


def test_words_are_in_the_language_that_is_active_when_they_are_read() -> None:
    with translation.override("en"):
        assert subject_of(KIND, SAID["data"]) == "Change 7 waits for your approval"


@pytest.mark.parametrize("kind", ["an.unknown_kind", KIND])
def test_row_of_another_version_of_the_portal_still_has_a_subject(kind: str) -> None:
    assert subject_of(kind, {})
    assert isinstance(body_of(kind, {}), str)


def test_every_kind_has_a_name_for_those_who_choose_kinds() -> None:
    assert {kind.code for kind in kinds().values() if str(kind.label) == kind.code} == set()
