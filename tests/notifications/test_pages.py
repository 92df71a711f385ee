"""The bell, the list, the mailbox, the settings and the webhooks, as people meet them."""

from __future__ import annotations

from datetime import time

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from schools.models import AuditEvent, Notification, NotificationSettings, SentMail, User, WebhookDelivery
from schools.models import WebhookEndpoint as Endpoint
from tests import factories

pytestmark = pytest.mark.django_db
WISHES = {"mail": "never", "language": "en", "quiet_from": "20:00", "quiet_until": "06:30"}


@pytest.fixture
def reader(client: Client) -> User:
    someone = factories.person("it_admin", email="kim@adala.example")
    client.force_login(someone)
    client.cookies["django_language"] = "en"
    return someone


def html(client: Client, path: str) -> str:
    return client.get(path).content.decode()


def test_bell_on_every_page_counts_what_is_unread(client: Client, reader: User) -> None:
    factories.notification(reader)
    factories.notification(reader, read_at=factories.NOW)
    factories.notification(factories.user())

    assert '<span class="count">1<span class="visually-hidden"> unread</span></span>' in html(client, "/account/")


def test_bell_is_still_when_all_is_read(client: Client, reader: User) -> None:
    assert "unread</span>" not in html(client, "/account/")


def test_bell_costs_no_query_of_its_own(client: Client, reader: User) -> None:
    factories.notification(reader)

    with CaptureQueriesContext(connection) as asked:
        html(client, "/mailbox/")

    about = [query["sql"] for query in asked if "schools_notification" in query["sql"]]
    assert len(about) == 1
    assert "schools_user" in about[0]


def test_list_says_what_happened_newest_first(client: Client, reader: User) -> None:
    first, second = factories.notification(reader), factories.notification(reader, data={"number": 8, "revision": "B"})
    factories.notification(factories.user(), data={"number": 9, "revision": "C"})

    page = html(client, "/notifications/")

    assert page.index(f'href="/notifications/{second.pk}/"') < page.index(f'href="/notifications/{first.pk}/"')
    assert "Change 8 waits for your approval" in page
    assert "Change 9" not in page


def test_list_costs_the_same_for_one_and_for_many(client: Client, reader: User, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    for _ in range(20):
        factories.notification(reader)

    with django_assert_max_num_queries(8):
        html(client, "/notifications/")


def test_following_a_notification_leads_to_the_thing_and_marks_it(client: Client, reader: User) -> None:
    row = factories.notification(reader, url="/account/")

    assert client.get(row.get_absolute_url()).headers["Location"] == "/account/"
    row.refresh_from_db()
    assert row.read_at


def test_unread_filter_leaves_out_what_is_read(client: Client, reader: User) -> None:
    factories.notification(reader, read_at=factories.NOW)

    assert "Nothing unread" in html(client, "/notifications/?show=unread")


def test_marking_all_leaves_what_came_after_the_page_was_shown(client: Client, reader: User) -> None:
    shown, later, strangers = (factories.notification(who) for who in (reader, reader, factories.user()))

    client.post("/notifications/read/", {"up_to": shown.pk})

    assert set(Notification.objects.unread()) == {later, strangers}


@pytest.mark.parametrize("up_to", ["", "x", "-1", "9" * 30])
def test_marking_up_to_nonsense_marks_nothing(up_to: str, client: Client, reader: User) -> None:
    factories.notification(reader)

    assert client.post("/notifications/read/", {"up_to": up_to}).status_code == 302
    assert Notification.objects.unread().count() == 1


def test_wishes_are_kept_and_in_the_trail(client: Client, reader: User) -> None:
    assert client.post("/account/notifications/", WISHES).status_code == 302

    row = NotificationSettings.objects.get(user=reader)
    assert (row.mail, row.language, row.quiet_from, row.quiet_until) == ("never", "en", time(20), time(6, 30))
    assert AuditEvent.objects.get().act == "notifications.chosen"
    assert 'value="20:00"' in html(client, "/account/")


@pytest.mark.parametrize(
    "wrong", [{"mail": "always"}, {"language": "tlh"}, {"quiet_from": "25:00"}, {"quiet_until": ""}]
)
def test_wishes_that_make_no_sense_are_refused_beside_the_field(
    wrong: dict[str, str], client: Client, reader: User
) -> None:
    response = client.post("/account/notifications/", WISHES | wrong)

    assert response.status_code == 400
    assert set(response.context["wishes"].errors) == set(wrong)
    assert not NotificationSettings.objects.exists()


def test_mailbox_shows_ones_own_mail_and_escapes_it(client: Client, reader: User) -> None:
    columns = {"not_before": factories.NOW, "status": "sent"}
    SentMail.objects.create(
        to=reader, subject="Mine", body="<b>hej</b>\nhttp://testserver/x/", message_id="a", **columns
    )
    SentMail.objects.create(to=factories.user(), subject="Another's", body="", message_id="b", **columns)

    page = html(client, "/mailbox/")

    assert "Mine" in page
    assert "&lt;b&gt;hej&lt;/b&gt;" in page
    assert 'href="http://testserver/x/"' in page
    assert "Another" not in page


def make_webhook(client: Client, **columns: object):  # type: ignore[no-untyped-def]
    values = {"name": "Ärenden", "url": "https://lyssnar.example/", "kinds": ["changeset.planned"], **columns}
    return client.post("/webhooks/", values)


def test_secret_of_a_webhook_is_shown_once(client: Client, reader: User) -> None:
    response = make_webhook(client)

    secret = Endpoint.objects.get().secret
    assert secret in response.content.decode()
    assert "no-store" in response.headers["Cache-Control"]
    assert secret not in html(client, "/webhooks/") + html(client, f"/webhooks/{Endpoint.objects.get().pk}/")
    assert secret not in str(AuditEvent.objects.values().get())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "ftp://lyssnar.example/"),
        ("url", "https://kim:hemligt@lyssnar.example/"),
        ("url", "javascript:alert(1)"),
        ("kinds", []),
        ("kinds", ["nobody.tells_this"]),
        ("name", " "),
    ],
)
def test_webhook_that_makes_no_sense_is_refused_beside_the_field(
    field: str, value: object, client: Client, reader: User
) -> None:
    response = make_webhook(client, **{field: value})

    assert response.status_code == 400
    assert response.context["form"].errors[field]
    assert not Endpoint.objects.exists()


def test_systems_inside_the_municipality_may_listen(client: Client, reader: User) -> None:
    assert make_webhook(client, url="http://10.0.0.8:8080/hook").status_code == 200


def test_webhook_is_turned_off_by_leaving_the_box_empty(client: Client, reader: User) -> None:
    endpoint = factories.webhook()

    client.post(endpoint.get_absolute_url(), {"name": "Nytt", "url": endpoint.url, "kinds": endpoint.kinds})

    endpoint.refresh_from_db()
    assert (endpoint.name, endpoint.is_active) == ("Nytt", False)
    assert AuditEvent.objects.get().after["is_active"] is False


def test_log_shows_deliveries_and_sends_one_again(client: Client, reader: User) -> None:
    delivery = factories.webhook_delivery(status="given_up", attempts=7, answer="500 Nej")
    page = html(client, delivery.endpoint.get_absolute_url())

    client.post(f"/webhooks/{delivery.endpoint_id}/deliveries/{delivery.pk}/again/")

    assert "500 Nej" in page
    assert "Given up" in page
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == (WebhookDelivery.Status.WAITING, 0)


def test_delivery_of_another_webhook_is_not_there(client: Client, reader: User) -> None:
    path = reverse("schools:delivery_again", args=[factories.webhook().pk, factories.webhook_delivery().pk])

    assert client.post(path).status_code == 404
