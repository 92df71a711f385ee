"""`<row:pk>` in URLs: a primary key that PostgreSQL can hold. Anything else is a page that does not exist."""

from django.urls import register_converter

LARGEST_KEY = 2**63 - 1
KEY_PATTERN = "[1-9][0-9]{0,18}"
"""For `lookup_value_regex` of API viewsets; a key above LARGEST_KEY matches and is then not found."""


class RowConverter:
    regex = KEY_PATTERN

    def to_python(self, value: str) -> int:
        key = int(value)
        if key > LARGEST_KEY:
            raise ValueError
        return key

    def to_url(self, value: int) -> str:
        return str(value)


register_converter(RowConverter, "row")
