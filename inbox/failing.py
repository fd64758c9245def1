"""What is answered when nothing can be: the database is away, or a defect of ours. Asks no database itself."""

from __future__ import annotations

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

AWAY_SECONDS = 2
API = "/api/"


def is_away(problem: BaseException | None) -> bool:
    """Whether the database could not be reached or took no more work: the same request will succeed later."""
    return isinstance(problem, OperationalError | InterfaceError)


def failed(request: HttpRequest) -> HttpResponse:
    """handler500: 503 with Retry-After while the database is away, else 500. JSON below /api/, a page elsewhere."""
    away = is_away(sys.exc_info()[1])
    words = (
        _("Baton's database is not available at the moment. Nothing was done; it is worth trying again.")
        if away
        else _("Something went wrong in Baton. It was noted; nothing you entered was half done.")
    )
    status = 503 if away else 500
    response: HttpResponse
    if request.path.startswith(API):
        code = "unavailable" if away else "error"
        response = JsonResponse({"detail": words, "code": code}, status=status)
    else:
        response = render(None, "inbox/failing.html", {"words": words, "away": away}, status=status)
    if away:
        response["Retry-After"] = str(AWAY_SECONDS)
    return response
