"""Two requests at the same moment, each with a connection of its own."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from deployments.models import ChangeSet
from intune_sync import services
from intune_sync.models import Operation
from intune_sync.push import apply, ledger
from tests.factories import NOW
from tests.pushing import GEOGEBRA, Tenant, build_town


@pytest.mark.django_db(transaction=True)
def test_two_who_write_at_the_same_moment_make_one_set_of_operations(tenant: Tenant):
    town = build_town(tenant)
    change_set = town.approved(GEOGEBRA, "GIMP")
    together = Barrier(2)

    def press(_turn: int) -> str:
        mine = ChangeSet.objects.get(pk=change_set.pk)
        together.wait(10)
        try:
            services.apply_change_set(mine, town.requester, NOW)
        except ValidationError as refused:
            return type(refused).__name__
        finally:
            connection.close()
        return "started"

    with ThreadPoolExecutor(2) as threads:
        results = sorted(threads.map(press, range(2)))

    assert results == ["InvalidMove", "started"]
    assert Operation.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_many_workers_claim_each_operation_once(tenant: Tenant):
    town = build_town(tenant)
    town.started(GEOGEBRA, "GIMP", "Inkscape", "Arduino IDE")
    together = Barrier(6)

    def claim(turn: int) -> int | None:
        together.wait(10)
        try:
            lease = ledger.claim(NOW, f"worker {turn}")
            return lease.operation.pk if lease else None
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        claimed = [pk for pk in threads.map(claim, range(6)) if pk]

    assert sorted(claimed) == sorted(Operation.objects.values_list("pk", flat=True))


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_that_finish_the_last_operations_one_closes_the_change(tenant: Tenant):
    town = build_town(tenant)
    change_set = town.started(GEOGEBRA, "GIMP")
    together = Barrier(2)

    def work(_turn: int) -> None:
        together.wait(10)
        try:
            apply.work(NOW, most=1)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(work, range(2)))

    assert ChangeSet.objects.get(pk=change_set.pk).status == "applied"
