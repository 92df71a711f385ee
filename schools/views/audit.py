"""The audit trail as a page, and its verification at the press of a button."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from schools.acts import act_in_words, actor_in_words, differences, origin_in_words
from schools.audit import verify
from schools.decorators import permission_required
from schools.forms import AuditFilterForm
from schools.keyset import KeysetPage
from schools.models import AuditEvent, User
from schools.pages import page_of, render_page
from schools.queries import subject_urls


@require_GET
@permission_required("schools.view_auditevent")
def audit(request: HttpRequest) -> HttpResponse:
    person = request.user
    assert isinstance(person, User)
    form = AuditFilterForm(request.GET, user=person)
    events = form.apply(AuditEvent.objects.visible_to(person)).select_related("actor", "school")
    page = page_of(request, events, {"id": "id"}, order="-id")
    context = {
        "form": form,
        "page": page,
        "lines": _lines(page, person),
        "sees_all": person.access.reads_all("schools.view_auditevent"),
        "may_verify": person.has_perm("schools.verify_audit"),
    }
    return render_page(request, "schools/audit.html", context, partial="schools/_audit_list.html")


@require_POST
@permission_required("schools.verify_audit")
def audit_verify(request: HttpRequest) -> HttpResponse:
    verdict = verify()
    if verdict.broken is None:
        words = _("The log holds: %(count)d events, none changed or removed. The last has the hash %(hash)s.")
        messages.success(request, words % {"count": verdict.count, "hash": verdict.last_hash})
    else:
        words = _("The log does not hold: event %(id)d, or the one before it, was changed or removed by someone.")
        messages.error(request, words % {"id": verdict.broken.pk})
    return redirect("schools:audit")


def _lines(page: KeysetPage[AuditEvent], person: User) -> list[dict[str, Any]]:
    urls = subject_urls(page.rows, person)
    return [
        {
            "event": event,
            "who": actor_in_words(event.actor, event.origin),
            "act": act_in_words(event.act),
            "url": urls.get((event.object_type, int(event.object_id))) if event.object_id.isdecimal() else None,
            "differences": differences(event.before, event.after),
            "origin": origin_in_words(event.origin),
        }
        for event in page.rows
    ]
