"""The pages on which IT orders, approves and refuses remote actions, and gives a computer to a user, as people use
them: each form is sent as the page shows it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from fleet.models import Device
from intune_sync.models import ActionOrder, Operation
from intune_sync.push import apply
from schools.models import AuditEvent, User
from tests import factories
from tests.factories import NOW
from tests.intune_sync.test_computer_writes import graph, identity, in_autopilot, managed
from tests.pushing import Tenant

pytestmark = pytest.mark.django_db
ORDERS = reverse("intune_sync:order_list")


def signed_in(user: User) -> Client:
    client = Client()
    client.cookies["django_language"] = "en"
    client.force_login(user)
    return client


def shown(client: Client, page: str = ORDERS) -> str:
    return client.get(page).content.decode()


def buttons(client: Client) -> list[str]:
    """What may be done to orders, as addresses that the page's forms are sent to."""
    return re.findall(r'action="([^"]+/(?:approve|refuse)/)"', shown(client))


def ordered(client: Client, *devices: Device) -> ActionOrder:
    serials = "\n".join(device.serial_number for device in devices)
    answer = client.post(ORDERS, {"action": "wipe", "devices": serials, "reason": "Stulna ur skåpet"}, follow=True)
    assert "A colleague has to approve it first." in answer.content.decode()
    return ActionOrder.objects.get()


@pytest.fixture
def two() -> tuple[User, User]:
    return factories.person("it_admin"), factories.person("it_admin")


def test_wipes_are_ordered_by_one_and_approved_by_another(tenant: Tenant, two: tuple[User, User]) -> None:
    first, second = map(signed_in, two)
    order = ordered(first, managed(tenant, 10), managed(tenant, 11))
    assert [address.split("/")[-2] for address in buttons(first)] == ["refuse"]
    assert Operation.objects.count() == 0

    answer = second.post(buttons(second)[0], follow=True)

    assert "It is being done." in answer.content.decode()
    order.refresh_from_db()
    assert (order.status, order.approved_by, order.operations.count()) == ("approved", two[1], 2)
    apply.work(NOW, actions=True)
    assert len(tenant.calls(method="POST", path_contains="/wipe")) == 2


def test_who_ordered_cannot_approve_by_guessing_the_address(tenant: Tenant, two: tuple[User, User]) -> None:
    first = signed_in(two[0])
    order = ordered(first, managed(tenant, 12), managed(tenant, 13))

    answer = first.post(reverse("intune_sync:approve_order", args=[order.pk]), follow=True)

    assert "Somebody else than the one who ordered it has to approve it." in answer.content.decode()
    assert Operation.objects.count() == 0


@pytest.mark.parametrize("by_whom", [0, 1])
def test_an_order_is_refused_or_taken_back_and_never_sent(tenant: Tenant, two: tuple[User, User], by_whom: int) -> None:
    clients = [signed_in(each) for each in two]
    order = ordered(clients[0], managed(tenant, 14), managed(tenant, 15))

    clients[by_whom].post(buttons(clients[by_whom])[-1])
    second_thought = clients[1].post(reverse("intune_sync:approve_order", args=[order.pk]), follow=True)

    order.refresh_from_db()
    assert (order.status, Operation.objects.count(), buttons(clients[1])) == ("refused", 0, [])
    assert AuditEvent.objects.get(act="action.refused").actor == two[by_whom]
    assert "note-danger" in second_thought.content.decode() or "alert" in second_thought.content.decode()


def test_no_more_go_out_than_allowed_by_page_and_api_together(
    tenant: Tenant, two: tuple[User, User], settings: Any
) -> None:
    """Each is of one computer, which needs no second person."""
    settings.DESTRUCTIVE_PER_10_MINUTES = 2
    page, script = signed_in(two[0]), {"Authorization": f"Bearer {factories.api_token(two[0])}"}
    devices = [managed(tenant, place) for place in (16, 17, 18, 19)]
    for device in devices[:2]:
        page.post(ORDERS, {"action": "wipe", "devices": device.serial_number, "reason": "Stulen"})
    for device in devices[2:]:
        said = {"action": "wipe", "serial_numbers": [device.serial_number], "reason": "Stulen"}
        answer = Client().post("/api/v1/remote-actions/", said, "application/json", headers=script)
        assert answer.status_code == 202, answer.content

    apply.work(NOW, actions=True)

    assert len(tenant.calls(method="POST", path_contains="/wipe")) == 2
    assert sorted(Operation.objects.values_list("problem", flat=True).filter(status="ready")) == ["capped", "capped"]
    apply.work(NOW + timedelta(minutes=5), actions=True)
    assert len(tenant.calls(method="POST", path_contains="/wipe")) == 2
    apply.work(NOW + timedelta(minutes=11), actions=True)
    assert len(tenant.calls(method="POST", path_contains="/wipe")) == 4


def say(client: Client, device: Device, **fields: Any) -> str:
    """The form, its preview, and then that it shall be done."""
    page = reverse("intune_sync:autopilot", args=[device.pk])
    said = {"group_tag": device.observed_group_tag, "changes_user": "keep", "user": "", "reason": "Ny lärare"} | fields
    assert client.post(page, said).status_code == 200
    client.post(page, {**said, "step": "write"})
    for minute in range(6):
        apply.work(NOW + timedelta(minutes=minute))
    return shown(client, page)


def test_a_computer_is_given_to_a_user_and_taken_away_again(tenant: Tenant, two: tuple[User, User]) -> None:
    client, device = signed_in(two[0]), in_autopilot(tenant, 20)
    user = graph(tenant, "users?$top=1")["value"][0]["userPrincipalName"]

    say(client, device, changes_user="set", user=user)
    assert identity(tenant, device)["userPrincipalName"] == user
    say(client, device, changes_user="clear")

    assert identity(tenant, device)["userPrincipalName"] == ""
    assert set(Operation.objects.values_list("status", flat=True)) == {"verified"}


def test_a_user_that_entra_does_not_know_is_refused_in_words_before_anything_is_sent(
    tenant: Tenant, two: tuple[User, User]
) -> None:
    device = in_autopilot(tenant, 21)

    page = say(signed_in(two[0]), device, changes_user="set", user="ingen.alls@example.org")

    assert "There is no such user in Entra." in page
    assert tenant.calls(method="POST", path_contains="/assignUserToDevice") == []
