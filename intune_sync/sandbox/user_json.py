"""Entra's users: the people who may sign in, and whoever a computer is enrolled for."""

from collections.abc import Iterator
from typing import Any

from .devices import Device
from .people import Person
from .world import World

Json = dict[str, Any]


def all_users(world: World, people: dict[str, Person]) -> Iterator[Json]:
    for person in people.values():
        yield user_json(person.oid, person.user_principal_name, person.name, enabled=person.enabled)
    seen: set[str] = set()
    for device in world.fleet.managed:
        if device.user_id and device.user_id not in seen:
            seen.add(device.user_id)
            yield user_of(device)


def user_of(device: Device) -> Json:
    """Whoever the computer is enrolled for."""
    return user_json(device.user_id, device.user_principal_name, device.user_principal_name.partition("@")[0])


def user_json(identifier: str, principal_name: str, name: str, *, enabled: bool = True) -> Json:
    given, _, surname = name.partition(" ")
    return {
        "id": identifier,
        "accountEnabled": enabled,
        "businessPhones": [],
        "displayName": name,
        "givenName": given,
        "jobTitle": None,
        "mail": principal_name,
        "mobilePhone": None,
        "officeLocation": None,
        "preferredLanguage": "sv-SE",
        "surname": surname or None,
        "userPrincipalName": principal_name,
    }
