"""Types of app objects are told in words; a type of tomorrow keeps Intune's name for it."""

from __future__ import annotations

import pytest
from django.test import Client

from deployments.app_types import type_name
from tests import factories as make


def test_a_type_that_nobody_knows_keeps_its_name() -> None:
    assert type_name("androidTomorrowApp") == "androidTomorrowApp"


@pytest.mark.django_db
def test_the_applications_page_says_it_in_words(client: Client) -> None:
    version = make.app_version(app_type="macOsVppApp", platform="macos")
    client.force_login(make.person("it_admin"))

    page = client.get(version.application.get_absolute_url()).content.decode()

    assert "Apple School Manager (VPP)" in page
    assert "macOsVppApp" not in page
