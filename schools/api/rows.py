"""What every list of the API has in common."""

from __future__ import annotations

from typing import Any, cast

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers, viewsets

from schools.converters import KEY_PATTERN
from schools.decorators import require
from schools.models import User
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

    @property
    def person(self) -> User:
        """Who calls: nobody comes this far without a token or session."""
        return cast(User, self.request.user)

    def said(self, shape: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """The checked body, by the shape's fields. Raises REST framework's ValidationError."""
        body = shape(data=self.request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)

    def command(
        self, permission: str, shape: type[serializers.Serializer[Any]] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """The visible row and the checked body; the permission is asked between the two."""
        found = self.get_object()
        require(self.person, permission)
        return found, self.said(shape) if shape else {}
