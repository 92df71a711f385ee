"""Input rules of this room's pages."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.core.exceptions import ValidationError
from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _

from schools import attempts
from schools.acts import ACTS
from schools.converters import LARGEST_KEY
from schools.models import School, User
from schools.models.audit import AuditEventQuerySet
from schools.services.tokens import LONGEST_DAYS


class Styled(forms.BaseForm):
    """A form whose fields look as the theme has them."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            is_choice = isinstance(field.widget, forms.Select)
            field.widget.attrs["class"] = "form-select" if is_choice else "form-control"


class SignInForm(Styled, AuthenticationForm):
    error_messages = {
        "invalid_login": _(
            "The user name and the password do not go together. Check that Caps Lock is off and try again."
        ),
        "inactive": _("This account is closed. Ask your IT administrator."),
        "pause": _("There were too many attempts. Try again at %(time)s, or ask your IT administrator."),
    }

    def clean(self) -> dict[str, Any]:
        try:
            return super().clean()
        except ValidationError:
            if attempts.is_paused(self.request):
                raise self._pause() from None
            raise

    def _pause(self) -> ValidationError:
        until = attempts.paused_until(self.cleaned_data.get("username", ""), self.request)
        # Rounded up to the next minute, when trying again is sure to work.
        shown = timezone.localtime((until or timezone.now()) + timedelta(minutes=1))
        time_of_day = formats.time_format(shown, "TIME_FORMAT")
        return ValidationError(self.error_messages["pause"], code="pause", params={"time": time_of_day})


class PasswordForm(Styled, PasswordChangeForm):
    pass


class TokenForm(Styled, forms.Form):
    name = forms.CharField(
        label=_("What the token is for"), max_length=100, help_text=_("For example “Export to the warehouse”.")
    )
    days = forms.IntegerField(
        label=_("Days it is good for"),
        min_value=1,
        max_value=LONGEST_DAYS,
        initial=90,
        help_text=_("1 to 365. Then make a new one."),
    )


class AuditFilterForm(Styled, forms.Form):
    """The filters in the address of the audit trail. An empty field filters nothing."""

    who = forms.CharField(label=_("Who"), required=False, max_length=100)
    act = forms.ChoiceField(label=_("Act"), required=False)
    about = forms.CharField(label=_("About"), required=False, max_length=200)
    school = forms.TypedChoiceField(label=_("School"), required=False, coerce=int, empty_value=None)
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("Up to"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    object_type = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)
    object_id = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_KEY, widget=forms.HiddenInput)

    def __init__(self, data: Any, *, user: User) -> None:
        super().__init__(data)
        schools = School.objects.visible_to(user).values_list("pk", "name")
        self.fields["act"].choices = [("", _("All acts")), *ACTS.items()]  # type: ignore[attr-defined]
        self.fields["school"].choices = [("", _("All schools")), *schools]  # type: ignore[attr-defined]

    def apply(self, events: AuditEventQuerySet) -> AuditEventQuerySet:
        """The events that match; none while a filter cannot be understood."""
        if not self.is_valid():
            return events.none()
        chosen = self.cleaned_data
        conditions = {
            "actor__display_name__icontains": chosen["who"],
            "act": chosen["act"],
            "object_label__icontains": chosen["about"],
            "school_id": chosen["school"],
            "at__gte": _midnight(chosen["since"], time.min),
            "at__lte": _midnight(chosen["until"], time.max),
            "object_type": chosen["object_type"],
            "object_id": str(chosen["object_id"] or ""),
        }
        return events.filter(**{column: value for column, value in conditions.items() if value not in ("", None)})


def _midnight(day: Any, at: time) -> datetime | None:
    """The beginning or end of a day in the municipality's time."""
    return timezone.make_aware(datetime.combine(day, at)) if day else None
