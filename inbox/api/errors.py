"""Baton's errors as HTTP answers, in one place: every one has at least `detail` and `code`."""

from __future__ import annotations

import math
from typing import Any, Final

from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from connectors.services.connections import ConnectionRefused
from kernel import errors
from workflows.definition import DefinitionInvalid
from workflows.models import Rule
from workflows.services.drafts import DraftStale

STATUS: Final[tuple[tuple[type[errors.BatonError], int], ...]] = (
    (errors.PermissionDenied, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.Rejected, 400),
    (errors.ConfigError, 400),
    (errors.RateLimited, 503),
    (errors.Transient, 503),
    (errors.AuthFailed, 502),
    (errors.OutcomeUnknown, 502),
)


def error_answer(exc: Exception, context: dict[str, Any]) -> Response | None:
    """REST_FRAMEWORK["EXCEPTION_HANDLER"]. None (inbox/failing.py answers) for what nobody foresaw."""
    if isinstance(exc, errors.BatonError):
        return _baton_answer(exc)
    response = exception_handler(exc, context)
    if response is None:
        return None
    if isinstance(exc, exceptions.ValidationError):
        found = exc.detail if isinstance(exc.detail, dict) else {"body": exc.detail}
        response.data = {"detail": _("Please check what you sent."), "code": "invalid", "errors": found}
    elif isinstance(exc, exceptions.APIException):
        response.data = {"detail": str(exc.detail), "code": _code_of(exc)}
    else:
        response.data = {
            **response.data,
            "code": "not_found" if response.status_code == 404 else "permission_denied",
        }
    return response


def _code_of(exc: exceptions.APIException) -> str:
    codes = exc.get_codes()
    return codes if isinstance(codes, str) else exc.default_code


def _baton_answer(exc: errors.BatonError) -> Response:
    status = next(number for kind, number in STATUS if isinstance(exc, kind))
    data: dict[str, Any] = {"detail": exc.message, "code": exc.code}
    if isinstance(exc, DefinitionInvalid):
        data["problems"] = [problem.as_json() for problem in exc.problems]
    if isinstance(exc, DraftStale):
        data["current"] = _current(exc.rule)
    if isinstance(exc, ConnectionRefused):
        data["report"] = exc.report.as_json()
    response = Response(data, status=status)
    if status == 503:
        wait = exc.retry_after_seconds if isinstance(exc, errors.RateLimited) else 1.0
        response["Retry-After"] = str(max(1, math.ceil(wait)))
    return response


def _current(rule: Rule) -> dict[str, Any]:
    return {
        "draft": rule.draft,
        "draft_number": rule.draft_number,
        "edited_by": getattr(rule.edited_by, "username", None),
        "edited_at": rule.edited_at.isoformat() if rule.edited_at else None,
    }
