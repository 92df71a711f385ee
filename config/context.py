"""What every page shows whatever its subject: the municipality, and how fresh Intune's figures are."""

from typing import Any

from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    return {}
