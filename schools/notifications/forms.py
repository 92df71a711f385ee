"""Input rules of the pages about notifications and webhooks."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from schools.converters import LARGEST_KEY
from schools.forms import Styled
from schools.models import NotificationSettings
from schools.notifications.kinds import kinds


class ClockInput(forms.TimeInput):
    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


class WishesForm(Styled, forms.Form):
    """How a person wants to be told; `schools.services.inbox.choose` keeps it."""

    mail = forms.ChoiceField(label=_("Mail me"), choices=NotificationSettings.Mail.choices)
    language = forms.ChoiceField(label=_("Language of the mail"), choices=settings.LANGUAGES)
    quiet_from = forms.TimeField(label=_("No mail from"), widget=ClockInput)
    quiet_until = forms.TimeField(
        label=_("No mail until"), widget=ClockInput, help_text=_("The same time twice: mail at any hour.")
    )


class ReadForm(forms.Form):
    up_to = forms.IntegerField(min_value=1, max_value=LARGEST_KEY)


class WebhookForm(Styled, forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("The system that listens, for example the case management system.")
    )
    url = forms.URLField(label=_("Address"), max_length=200, assume_scheme="https")
    kinds = forms.MultipleChoiceField(label=_("What to send"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [(kind.code, kind.label) for kind in kinds().values()]
        self.fields["kinds"].choices = choices  # type: ignore[attr-defined]
        self.fields["kinds"].widget.attrs["class"] = "form-check-input"


class WebhookChangeForm(WebhookForm):
    is_active = forms.BooleanField(
        label=_("Active"),
        required=False,
        help_text=_("While it is turned off, what is due waits and goes out when it is turned on again."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["is_active"].widget.attrs["class"] = "form-check-input"
