from collections.abc import Iterator

import pytest
from django.utils import translation


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    """Refusals are told apart by what they say."""
    with translation.override("en"):
        yield
