"""A person's own notifications, how they want to be told, and the mail they were sent."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from schools.models import Notification, SentMail
from schools.notifications.forms import ReadForm, WishesForm
from schools.pages import page_of, render_page
from schools.services import inbox
from schools.views.account import account_context
from schools.views.person import person


@require_GET
def notification_list(request: HttpRequest) -> HttpResponse:
    user = person(request)
    rows = Notification.objects.visible_to(user)
    only_unread = request.GET.get("show") == "unread"
    page = page_of(request, rows.unread() if only_unread else rows, {"id": "id"}, order="-id")
    context = {
        "page": page,
        "only_unread": only_unread,
        "newest": page.rows[0].pk if page.rows else None,
        "may_manage_webhooks": user.has_perm("schools.manage_webhooks"),
    }
    return render_page(request, "schools/notifications.html", context, partial="schools/_notification_list.html")


@require_GET
def notification(request: HttpRequest, pk: int) -> HttpResponse:
    """Leads to what it is about; having followed it, the person has read it."""
    row = get_object_or_404(Notification.objects.visible_to(person(request)), pk=pk)
    inbox.mark_read(row, timezone.now())
    return redirect(row.url)


@require_POST
def notifications_read(request: HttpRequest) -> HttpResponse:
    user, form = person(request), ReadForm(request.POST)
    if form.is_valid():
        count = inbox.mark_all_read(user, form.cleaned_data["up_to"], timezone.now())
        words = ngettext("%(count)d notification marked as read.", "%(count)d notifications marked as read.", count)
        messages.success(request, words % {"count": count})
    return redirect("schools:notification_list")


@require_POST
def notification_settings(request: HttpRequest) -> HttpResponse:
    user, form = person(request), WishesForm(request.POST)
    if form.is_valid():
        try:
            inbox.choose(user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Your choice is kept. It holds from the next mail on."))
            return redirect(reverse("schools:account") + "#notifications")
    return render(request, "schools/account.html", account_context(user, wishes=form), status=400)


@require_GET
def mailbox(request: HttpRequest) -> HttpResponse:
    """The person's own mail as it was written, whether or not it was sent on."""
    page = page_of(request, SentMail.objects.visible_to(person(request)), {"id": "id"}, order="-id", size=20)
    return render_page(request, "schools/mailbox.html", {"page": page}, partial="schools/_mailbox_list.html")
