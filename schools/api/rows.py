"""What every list of the API has in common."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import viewsets

from schools.converters import KEY_PATTERN
from schools.permissions import Permitted


@extend_schema_view(
    list=extend_schema(description=_("Everything of this kind that you may see, page by page.")),
    retrieve=extend_schema(description=_("One of them. What you may not see is not found.")),
)
class Rows(viewsets.ReadOnlyModelViewSet[Any]):
    """What the API's lists have in common: look-ups start at what the caller may see."""

    permission_classes = [Permitted]
    permission = ""
    lookup_value_regex = KEY_PATTERN

    def get_queryset(self) -> Any:
        rows: Any = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows.none()
        return rows.visible_to(self.request.user)
