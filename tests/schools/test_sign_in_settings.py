"""What the sign-in's variables do when a process starts: each case is a start of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from scripts import ROOT

PRINT = """
import django; django.setup()
from django.conf import settings as s
print(s.LOCAL_ACCOUNTS, s.SIGN_IN_SCHOOL_GROUPS, s.CONTENT_SECURITY_POLICY["DIRECTIVES"]["form-action"][1:])
"""


def started_with(**variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("SECURE_COOKIES", "LOCAL_ACCOUNTS")}
    env = kept | {"DJANGO_SETTINGS_MODULE": "config.settings"} | variables
    command = [sys.executable, "-c", PRINT]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "False {} []"),
        ({"SECURE_COOKIES": "false"}, "True {} []"),
        ({"LOCAL_ACCOUNTS": "true"}, "True {} []"),
        ({"SIGN_IN_SCHOOL_GROUPS": "g-1=GY-A,g-2=GR-B"}, "False {'g-1': 'GY-A', 'g-2': 'GR-B'} []"),
        (
            {"SIGN_IN_CLIENT_ID": "x", "SIGN_IN_CLIENT_SECRET": "y"},
            "False {} ['https://login.microsoftonline.com']",
        ),
    ],
    ids=["production", "plain http", "break-glass", "groups", "Entra"],
)
def test_defaults_are_those_of_production(variables: dict[str, str], said: str) -> None:
    assert started_with(**variables).stdout.strip() == said


def test_an_id_without_a_credential_stops_the_start() -> None:
    answer = started_with(SIGN_IN_CLIENT_ID="x")

    assert answer.returncode != 0
    assert "SIGN_IN_CLIENT_ID needs SIGN_IN_CLIENT_SECRET" in answer.stderr
