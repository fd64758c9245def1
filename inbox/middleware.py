"""Per-request preferences of the person, and the client's address."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation


class PersonPreferencesMiddleware:
    """Speak the language and zone of the signed-in person; a choice made in this browser goes first."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if not user.is_authenticated:
            return self.get_response(request)
        with timezone.override(person_zone(user.time_zone)):
            # A demo account is whoever tries it: the browser knows that person's language, the account does not.
            if settings.LANGUAGE_COOKIE_NAME in request.COOKIES or user.is_demo:
                return self.get_response(request)
            with translation.override(user.language):
                request.LANGUAGE_CODE = translation.get_language()
                response = self.get_response(request)
                response.headers.setdefault("Content-Language", request.LANGUAGE_CODE)
                return response


def person_zone(name: str) -> zoneinfo.ZoneInfo:
    """The zone called `name`; the installation's where there is none: a typing error locks nobody out."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo(settings.TIME_ZONE)


def client_address(request: HttpRequest) -> str:
    """The address to count failed logins by: the proxy's word only where a proxy is declared."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if settings.SECURE_PROXY_SSL_HEADER and forwarded:
        return str(forwarded.split(",")[-1].strip())
    return str(request.META.get("REMOTE_ADDR", ""))
