"""When PostgreSQL is away a page says so, rather than that something went wrong."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import translation

from schools.refusals import server_error


def answer_while(broken: BaseDatabaseWrapper, statement: str, path: str = "/devices/") -> HttpResponse:
    try:
        with broken.cursor() as cursor:
            cursor.execute(statement)
    except OperationalError:
        with translation.override("en"):
            return server_error(RequestFactory().get(path))
    raise AssertionError("nothing went wrong")


def nowhere() -> BaseDatabaseWrapper:
    away = connection.copy()
    away.settings_dict = {**away.settings_dict, "HOST": "127.0.0.1", "PORT": "1"}
    return away


@pytest.mark.django_db
def test_a_database_that_does_not_answer_is_told_as_such() -> None:
    answer = answer_while(nowhere(), "SELECT 1")

    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert b"database does not answer" in answer.content


@pytest.mark.django_db
def test_the_api_tells_it_in_json() -> None:
    answer = answer_while(nowhere(), "SELECT 1", "/api/v1/devices/")

    assert (answer.status_code, answer["Content-Type"]) == (503, "application/json")


@pytest.mark.django_db
def test_a_statement_that_took_too_long_is_an_error_of_ours() -> None:
    with transaction.atomic():
        answer = answer_while(connection, "SET LOCAL statement_timeout = 1; SELECT pg_sleep(1)")
        transaction.set_rollback(True)

    assert answer.status_code == 500
