"""Apps that the portal creates in Intune: asked for by one person, carried out by a worker, audited at both ends."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deployments.models.moves import InvalidMove
from intune_sync.models import IntuneApp, Operation
from intune_sync.payloads.new_apps import WINGET
from intune_sync.push.ledger import AFRESH
from schools import audit
from schools.models import User

Status = Operation.Status
PACKAGE = RegexValidator(
    r"\A[A-Za-z0-9][A-Za-z0-9.+_-]*\Z", gettext_lazy("A package id has letters, digits and the signs . + _ - only.")
)


@dataclass(frozen=True)
class NewApp:
    """`type` is an Intune type, winGetApp or webApp; `package` or `address` goes with it. `application`: the name under
    which it comes into the catalogue."""

    type: str
    name: str
    publisher: str
    description: str = ""
    package: str = ""
    address: str = ""
    application: str = ""

    def without_what_is_not_its(self) -> NewApp:
        """A program has no address, and a web page no package."""
        return replace(self, address="") if self.type == WINGET else replace(self, package="")


@transaction.atomic
def request_app(new: NewApp, by: User) -> Operation:
    """Let a worker create the app; it is assigned to nobody, which takes a decision and a complete vetting card.

    Raises ValidationError by field, also when Intune has it, or is getting it, already.
    """
    new = new.without_what_is_not_its()
    _check_address(new)
    _check_new(new)
    wanted = {**asdict(new), "marker": uuid4().hex}
    operation = Operation.objects.create(
        kind=Operation.Kind.CREATE_APP, requested_by=by, desired=wanted, lane="new apps"
    )
    after = {"name": new.name, "publisher": new.publisher, "package": new.package, "address": new.address}
    audit.record("app.requested", operation, by=by, after=after)
    return operation


def _check_address(new: NewApp) -> None:
    field = "package" if new.type == WINGET else "address"
    if not getattr(new, field):
        raise ValidationError({field: ValidationError(_("Fill this in for that kind of app."), code="required")})
    if new.address and not new.address.startswith("https://"):
        raise ValidationError({"address": _("The address has to begin with https.")})
    if new.package:
        try:
            PACKAGE(new.package)
        except ValidationError as error:
            raise ValidationError({"package": error}) from error


def _check_new(new: NewApp) -> None:
    known = IntuneApp.objects.filter(display_name__iexact=new.name, app_type=new.type, missing_since=None)
    if known.exists():
        message = _("Intune has an app called %(name)s already. Take that one into the catalogue.")
        raise ValidationError({"name": message % {"name": new.name}})
    coming = Operation.objects.open().filter(kind=Operation.Kind.CREATE_APP, desired__name__iexact=new.name)
    if coming.exists():
        raise ValidationError({"name": _("%(name)s is being created already.") % {"name": new.name}})


@transaction.atomic
def retry_app(operation: Operation, by: User) -> Operation:
    """Try again to create an app; what an earlier try did create is found. Raises InvalidMove unless it failed."""
    row = Operation.objects.select_for_update().get(pk=operation.pk, kind=Operation.Kind.CREATE_APP)
    if row.status != Status.FAILED:
        raise InvalidMove(row.status, row.get_status_display())
    row.move_to(Status.READY, **AFRESH)
    audit.record("app.requested", row, by=by, before={"status": Status.FAILED}, after={"status": row.status})
    return row
