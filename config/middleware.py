"""Small middleware of the portal's own."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from schools.audit import acting_from

Handler = Callable[[HttpRequest], HttpResponse]
LANGUAGES = {code for code, _ in settings.LANGUAGES}


def client_address(get_response: Handler) -> Handler:
    """Behind a trusted proxy: the address that the proxy saw, which it adds last to `X-Forwarded-For`."""

    def middleware(request: HttpRequest) -> HttpResponse:
        seen = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
        if settings.TRUST_PROXY and seen:
            request.META["REMOTE_ADDR"] = seen[:45]
        return get_response(request)

    return middleware


def language(get_response: Handler) -> Handler:
    """Swedish unless the person chose otherwise; scripts may ask by `Accept-Language`.

    Django's own middleware would follow the browser, and many Swedish browsers are installed in English.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        if chosen not in LANGUAGES and request.path.startswith("/api/v1/"):
            chosen = translation.get_language_from_request(request)
        with translation.override(chosen if chosen in LANGUAGES else settings.LANGUAGE_CODE):
            response = get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or settings.LANGUAGE_CODE)
        return response

    return middleware


def audit_origin(get_response: Handler) -> Handler:
    """Tell the audit trail from where this request's acts come."""

    def middleware(request: HttpRequest) -> HttpResponse:
        channel = "api" if request.path.startswith("/api/") else "web"
        with acting_from(f"{channel} {request.META.get('REMOTE_ADDR', '')}".strip()):
            return get_response(request)

    return middleware
