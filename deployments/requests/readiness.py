"""Whether an application can go to a request's computers without a further hand."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from deployments.catalogue.licences import shortfall
from deployments.catalogue.vetting import may_be_decided
from deployments.models import AppRequest
from deployments.requests.scope import without_the_app


def obstacles(request: AppRequest, on: date) -> list[str]:
    """Why not, in words; empty when it is in the catalogue, can be installed, is vetted and has licences enough."""
    application = request.application
    if application is None:
        return [_("“%(name)s” is not in the catalogue yet.") % {"name": request.wanted}]
    found = []
    if not application.versions.exists():
        found.append(_("There is no version of %(name)s in Intune yet.") % {"name": application})
    found += may_be_decided(application, on)
    if short := shortfall(application, request.school, without_the_app(request).count(), on):
        found.append(str(short))
    return found
