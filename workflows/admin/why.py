"""The page “Why was I not told?” of a rule."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from kernel.errors import BatonError
from permissions.models import User
from permissions.objects import may_object
from workflows.models import Rule
from workflows.selectors import visible_runs
from workflows.services.why import why_asked

MOST_PEOPLE = 500
LARGEST_ID = 2**63 - 1


def why_context(request: HttpRequest, rule: Rule) -> dict[str, Any]:
    """The question as it was asked in the address, and its answer; only the question where nothing was asked yet."""
    event = request.GET.get("event", "").strip()
    key = request.GET.get("key", "").strip()[:200]
    username = request.GET.get("person", "").strip()[:150]
    context: dict[str, Any] = {
        "title": _("Why was I not told?"),
        "rule": rule,
        "asked": {"event": event, "key": key, "person": username},
        "people": _people(request, rule),
    }
    if not event and not key:
        return context
    if event and not (event.isascii() and event.isdigit() and 0 < int(event) <= LARGEST_ID):
        return {**context, "refused": _("The number of an event has only digits.")}
    try:
        why = why_asked(
            request.user,  # type: ignore[arg-type]
            rule,
            event=int(event) if event else None,
            key=key,
            username=username,
        )
    except BatonError as error:
        return {**context, "refused": error.message}
    seen = why.run is not None and visible_runs(request.user).filter(pk=why.run.pk).exists()
    record = why.record.title or why.record.key(why.event.key)
    return {**context, "why": why, "record": record, "run": why.run if seen else None}


def _people(request: HttpRequest, rule: Rule) -> list[User]:
    """Whom the person may ask for: everybody, for who may build on the connection; else only themselves."""
    if not may_object(request.user, "use", rule.connection):
        return [request.user]  # type: ignore[list-item]
    return list(User.objects.filter(is_active=True).order_by("username")[:MOST_PEOPLE])
