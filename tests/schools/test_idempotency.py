"""`Idempotency-Key`: the first answer again, and nothing done twice."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate

from schools import audit
from schools.idempotency import idempotent
from schools.models import AuditEvent, IdempotentAnswer, User
from tests import factories

pytestmark = pytest.mark.django_db


class Commands(viewsets.ViewSet):
    """A command that leaves a trace, and that can be refused by its input."""

    hold = threading.Event()

    @idempotent
    def act(self, request: Request) -> Response:
        if request.data.get("refuse"):
            raise ValidationError("Not now.")
        with transaction.atomic():
            event = audit.record("school.changed", request.user, by=request.user)  # type: ignore[arg-type]
        self.hold.wait(request.data.get("seconds", 0))
        return Response({"event": event.pk, "at": event.at}, status=201)


def send(person: User, key: str | None, **body: Any) -> Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    request = APIRequestFactory().post("/act/?x=1", body, format="json", headers=headers)
    force_authenticate(request, person)
    return Commands.as_view({"post": "act"})(request)  # type: ignore[no-any-return]


def test_repeated_request_gets_the_first_answer_and_does_nothing() -> None:
    person = factories.user()

    first, again = send(person, "k1", a=1, b=2), send(person, "k1", b=2, a=1)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.data["event"] == first.data["event"]
    assert "Idempotent-Replay" not in first.headers
    assert again.headers["Idempotent-Replay"] == "true"
    assert AuditEvent.objects.count() == 1


def test_same_key_for_another_request_is_refused() -> None:
    person = factories.user()
    send(person, "k1", a=1)

    assert send(person, "k1", a=2).status_code == 422
    assert AuditEvent.objects.count() == 1


def test_key_belongs_to_its_person() -> None:
    send(factories.user(), "k1")
    send(factories.user(), "k1")

    assert AuditEvent.objects.count() == 2


def test_without_a_key_each_request_acts() -> None:
    person = factories.user()

    send(person, None)
    send(person, None)

    assert AuditEvent.objects.count() == 2
    assert not IdempotentAnswer.objects.exists()


def test_refused_command_may_be_tried_again_with_its_key() -> None:
    person = factories.user()

    assert send(person, "k1", refuse=True).status_code == 400
    assert send(person, "k1").status_code == 201


@pytest.mark.parametrize("key", ["", "k" * 101, "nyckel å", "a\x00b"])
def test_odd_key_is_refused_by_name(key: str) -> None:
    answer = send(factories.user(), key)

    assert answer.status_code == 400
    assert list(answer.data) == ["Idempotency-Key"]


@pytest.mark.django_db(transaction=True)
def test_two_at_once_act_once() -> None:
    person = factories.user()

    def once(_number: int) -> Response:
        try:
            return send(person, "k1", seconds=0.3)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(once, range(3)))

    assert {answer.data["event"] for answer in answers} == {AuditEvent.objects.get().pk}
    assert sorted("Idempotent-Replay" in answer.headers for answer in answers) == [False, True, True]
