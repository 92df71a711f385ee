from django.contrib.auth.decorators import login_not_required
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST
from django.views.i18n import set_language

from schools.views import account, audit, calendar, calendar_edit, entra, lines, notifications, sign_in, webhooks

app_name = "schools"
urlpatterns = [
    path("login/", require_http_methods(["GET", "HEAD", "POST"])(sign_in.SignIn.as_view()), name="login"),
    path("login/entra/", entra.begin, name="entra_begin"),
    path("login/entra/return/", entra.come_back, name="entra_return"),
    path("logout/", sign_in.SignOut.as_view(), name="logout"),
    path("language/", login_not_required(require_POST(set_language)), name="language"),
    path("account/", account.account, name="account"),
    path("account/password/", account.PasswordChange.as_view(), name="password"),
    path("account/tokens/", account.token_issue, name="token_issue"),
    path("account/tokens/<row:pk>/revoke/", account.token_revoke, name="token_revoke"),
    path("account/notifications/", notifications.notification_settings, name="notification_settings"),
    path("notifications/", notifications.notification_list, name="notification_list"),
    path("notifications/read/", notifications.notifications_read, name="notifications_read"),
    path("notifications/<row:pk>/", notifications.notification, name="notification"),
    path("mailbox/", notifications.mailbox, name="mailbox"),
    path("webhooks/", webhooks.webhook_list, name="webhook_list"),
    path("webhooks/<row:pk>/", webhooks.webhook, name="webhook"),
    path("webhooks/<row:pk>/deliveries/<row:delivery>/again/", webhooks.delivery_again, name="delivery_again"),
    path("calendar/", calendar.calendar, name="calendar"),
    path("calendar/new/", calendar_edit.add_period, name="add_period"),
    path("calendar/copy/", calendar_edit.copy_year, name="copy_year"),
    path("calendar/lessons/", calendar_edit.lesson_hours, name="lesson_hours"),
    path("calendar/<row:pk>/", calendar_edit.change_period, name="change_period"),
    path("calendar/<row:pk>/remove/", calendar_edit.remove_period, name="remove_period"),
    path("lines/", lines.lines, name="lines"),
    path("audit/", audit.audit, name="audit"),
    path("audit/verify/", audit.audit_verify, name="audit_verify"),
]
