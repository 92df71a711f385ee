"""A database that was restored or rewound is known again, whichever way it was done, and sends nothing destructive."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.management import call_command
from django.db import connection, transaction

from intune_sync.models import Epoch, Operation
from intune_sync.push import apply, epochs
from intune_sync.services import orders
from scripts.services import Service, start_redis
from tests import factories
from tests.factories import NOW
from tests.intune_sync.test_computer_writes import managed
from tests.pushing import Tenant

pytestmark = pytest.mark.django_db


@pytest.fixture
def own_redis(tmp_path: Path, settings: Any) -> Iterator[Service]:
    service = start_redis(tmp_path / "redis", durable=False)
    settings.REDIS_URL = service.url
    yield service
    service.stop()


def restore_from_dump() -> None:
    """As `pg_restore` does over the tables of the same database: the rows as they were, in a later transaction."""
    dump = io.StringIO()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.copy_expert("COPY intune_sync_epoch TO STDOUT", dump)
        cursor.execute("DELETE FROM intune_sync_epoch")
        dump.seek(0)
        cursor.copy_expert("COPY intune_sync_epoch FROM STDIN", dump)


def bring_back_older_files(server: Service) -> None:
    """To the portal it is the same whether the log has gone back or was said to have been further."""
    furthest, _rewound = epochs._names()
    redis.Redis.from_url(server.url).incrby(furthest, 1_000_000_000)


def test_the_same_database_stays_current(own_redis: Service) -> None:
    epoch = epochs.current()
    epochs.is_rewound()
    factories.person("it_admin")

    assert epochs.is_current(epoch.pk) and not epochs.is_restored()


def test_a_dump_restored_over_the_same_database_is_known(own_redis: Service) -> None:
    epochs.current()

    restore_from_dump()

    assert Epoch.objects.get().database == epochs.fingerprint()
    assert epochs.is_restored()


def test_a_row_that_somebody_changed_is_no_longer_sealed(own_redis: Service) -> None:
    epochs.current()

    Epoch.objects.update(reason="Another")

    assert epochs.is_restored()


def test_older_files_are_known_until_somebody_says_so(own_redis: Service) -> None:
    epoch = epochs.current()
    epochs.is_rewound()
    bring_back_older_files(own_redis)
    assert not epochs.is_current(epoch.pk)

    redis.Redis.from_url(own_redis.url).set(epochs._names()[0], 1)  # the log has come as far again

    assert epochs.is_restored()


@pytest.mark.django_db(transaction=True)
def test_a_new_epoch_makes_both_witnesses_agree_again(own_redis: Service) -> None:
    epochs.current()
    epochs.is_rewound()
    restore_from_dump()
    bring_back_older_files(own_redis)
    assert epochs.is_restored()

    call_command("new_epoch", "Backup restored", stdout=io.StringIO())

    assert not epochs.is_restored()


def test_without_redis_the_seal_alone_decides(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert not epochs.is_restored()

    restore_from_dump()

    assert epochs.is_restored()


@pytest.mark.parametrize("how", ["dump", "files"])
def test_nothing_destructive_leaves_a_restored_database(own_redis: Service, tenant: Tenant, how: str) -> None:
    by = factories.person("it_admin")
    order = orders.order_action("autopilotReset", [managed(tenant, 9)], by, "Ny elev", NOW)
    epochs.is_rewound()

    if how == "dump":
        restore_from_dump()
    else:
        bring_back_older_files(own_redis)
    for minute in range(4):
        apply.work(NOW + timedelta(minutes=minute), actions=True)

    assert Operation.objects.get(order=order).problem == "voided"
    assert tenant.calls(method="POST", path_contains="/wipe") == []


def test_what_is_ordered_after_the_restoration_waits_for_a_person_too(own_redis: Service, tenant: Tenant) -> None:
    epochs.current()
    restore_from_dump()
    by = factories.person("it_admin")
    order = orders.order_action("autopilotReset", [managed(tenant, 9)], by, "Ny elev", NOW)

    apply.work(NOW, actions=True)

    assert Operation.objects.get(order=order).problem == "voided"
    assert tenant.calls(method="POST", path_contains="/wipe") == []
