"""The list of computers, and the same list as a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET

from fleet.columns import COLUMNS, SORTS, USUAL, chosen_columns, file_columns, name_cell
from fleet.facets import facets
from fleet.filters import DeviceFilter
from fleet.models import Condition, Device
from fleet.queries import count_by_condition
from fleet.sentences import about_computers
from schools.decorators import permission_required
from schools.export import export_response
from schools.models import User
from schools.pages import page_of, render_page
from schools.status import look

ROWS_READ_AT_ONCE = 2000
NAME = pgettext_lazy("computer", "Name")
FOLDED = ("platform", "compliance", "enrollment", "os")
"""Choices that the page folds away until one of them is made."""
NARROWING = ("q", "school", "model", *FOLDED)


@dataclass(frozen=True)
class ConditionChip:
    code: str
    label: str | Promise
    count: int
    icon: str
    is_chosen: bool


@require_GET
@permission_required("fleet.view_device")
def device_list(request: HttpRequest) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    now = timezone.now()
    visible = Device.objects.visible_to(user)
    narrowed = DeviceFilter(request.GET, visible, now=now)
    counts = count_by_condition(narrowed.narrowed(except_for="condition"), now)
    page = page_of(request, narrowed.narrowed().for_list().with_condition(now), SORTS)
    context = {
        "page": page,
        "problems": narrowed.errors,
        **_figures(request, counts),
        **_table(request, page.rows),
        "has_more": any(request.GET.get(name) for name in FOLDED),
        "facets": facets(visible, user, request.GET.dict()),
    }
    return render_page(request, "fleet/device_list.html", context, partial="fleet/_device_list.html")


@require_GET
@permission_required("fleet.view_device")
def device_export(request: HttpRequest, format: str) -> HttpResponseBase:
    """Exactly the rows of the list at the same address, in the same order, with every column."""
    now = timezone.now()
    visible = Device.objects.visible_to(request.user)  # type: ignore[arg-type]
    devices = DeviceFilter(request.GET, visible, now=now).narrowed().for_list().with_condition(now)
    order = request.GET.get("sort", "")
    column = SORTS.get(order.removeprefix("-"), SORTS["check_in"])
    sign = "-" if order.startswith("-") else ""
    rows = devices.order_by(f"{sign}{column}", f"{sign}pk").iterator(chunk_size=ROWS_READ_AT_ONCE)
    return export_response(rows, file_columns(), f"computers-{timezone.localdate(now)}", format)


def _figures(request: HttpRequest, counts: dict[Condition, int]) -> dict[str, Any]:
    chosen = request.GET.get("condition", "")
    is_narrowed = any(request.GET.get(name) for name in NARROWING)
    total = sum(counts.values())
    chips = [
        ConditionChip(c.value, c.label, count, look(c.value).icon, c.value == chosen) for c, count in counts.items()
    ]
    return {
        "sentences": about_computers(counts, is_narrowed=is_narrowed),
        "chips": chips,
        "total": total,
        "count": counts.get(Condition(chosen), 0) if chosen in Condition else total,
        "condition": chosen,
        "is_narrowed": is_narrowed or bool(chosen),
    }


def _table(request: HttpRequest, devices: list[Device]) -> dict[str, Any]:
    columns = chosen_columns(request.GET.getlist("col"))
    rows = [(name_cell(device), [(column, column.cell(device)) for column in columns]) for device in devices]
    choices = [(column, column in columns, column.key in USUAL) for column in COLUMNS.values()]
    return {"columns": columns, "rows": rows, "column_choices": choices, "name_label": NAME}
