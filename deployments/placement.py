"""Which groups hold a computer, as expressions over `Device`."""

from __future__ import annotations

from django.db.models import BigIntegerField, Case, CharField, ExpressionWrapper, F, OuterRef, Subquery, Value, When
from django.db.models.functions import Left, Length

from schools.models import SchoolForm


def form_by_group_tag() -> Subquery:
    """The school form whose prefix a computer's group tag begins with, the longest first: its dynamic group's rule."""
    beginning = Left(ExpressionWrapper(OuterRef("observed_group_tag"), CharField()), Length("group_tag_prefix"))
    forms = SchoolForm.objects.filter(group_tag_prefix=beginning)
    return Subquery(forms.order_by(Length("group_tag_prefix").desc()).values("pk")[:1])


def class_in_own_school() -> Case:
    """A class group counts for a computer that stands in the class group's school."""
    return Case(When(class_group__school=F("school"), then=F("class_group_id")), default=Value(None))


def own_container() -> Case:
    """The computer's own key if it has a container of its own."""
    has_one = When(softwareprofile__isnull=False, then=F("pk"))
    return Case(has_one, default=Value(None), output_field=BigIntegerField())
