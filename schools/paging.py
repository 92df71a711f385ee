"""Pages of API lists: by the last row seen, never by OFFSET, in the order the caller asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from schools.keyset import KeysetPage, keyset_page

PARAMETERS = {"page_size", "after", "before", "ordering"}
PAGE_SIZE = 100
LARGEST_PAGE = 1000


class CursorPages(BasePagination):
    """`{"next": url | null, "previous": url | null, "results": [...]}`.

    The view names what lists may be ordered by: `ordering_fields`, a list of columns or a dict from public name to
    column (`school__name` where the relation is selected), and `ordering`, the order without `?ordering=`. Both may
    be left out; then rows come by key.
    """

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        allowed = allowed_orders(view)
        after, before = request.query_params.get("after"), request.query_params.get("before")
        self._request = request
        self._page: KeysetPage[Any] = keyset_page(
            queryset,
            order=_order(request, view, allowed),
            allowed=allowed,
            after=after,
            before=before,
            size=_size(request),
        )
        if (after and self._page.previous is None) or (before and self._page.next is None):
            field = "after" if after else "before"
            raise ValidationError({field: [_("This cursor leads nowhere. Begin again from the first page.")]})
        return self._page.rows

    def get_paginated_response(self, data: Any) -> Response:
        page = self._page
        return Response(
            {
                "next": self._link("after", page.next),
                "previous": self._link("before", page.previous),
                "results": data,
            }
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        names = list(allowed_orders(view))
        orders = {"type": "string", "enum": [*names, *(f"-{name}" for name in names)]}
        sizes = {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": PAGE_SIZE}
        cursor = {"type": "string"}
        return [
            _parameter("page_size", sizes, _("Rows per page.")),
            _parameter("ordering", orders, _("Column to order by; “-” in front for descending.")),
            _parameter("after", cursor, _("From `next` of an answer; opaque.")),
            _parameter("before", cursor, _("From `previous` of an answer; opaque.")),
        ]

    def _link(self, direction: str, cursor: str | None) -> str | None:
        if cursor is None:
            return None
        here = self._request.build_absolute_uri()
        for other in ("after", "before"):
            here = remove_query_param(here, other)
        return replace_query_param(here, direction, cursor)


def allowed_orders(view: Any) -> dict[str, str]:
    fields = getattr(view, "ordering_fields", None) or ["id"]
    return dict(fields) if isinstance(fields, Mapping) else {name: name for name in fields}


def _order(request: Request, view: Any, allowed: dict[str, str]) -> str:
    asked = request.query_params.get("ordering")
    if not asked:
        return getattr(view, "ordering", None) or next(iter(allowed))
    if asked.removeprefix("-") not in allowed:
        words = _("“%(asked)s” is no order. These exist: %(orders)s.")
        raise ValidationError({"ordering": [words % {"asked": asked, "orders": ", ".join(allowed)}]})
    return asked


def _size(request: Request) -> int:
    asked = request.query_params.get("page_size", str(PAGE_SIZE))
    if not (asked.isascii() and asked.isdecimal() and len(asked) <= 4 and 1 <= int(asked) <= LARGEST_PAGE):
        raise ValidationError({"page_size": [_("A page has 1 to %(most)d rows.") % {"most": LARGEST_PAGE}]})
    return int(asked)


def _parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}
