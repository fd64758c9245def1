"""The overview: what needs attention, what the ledger counts today, the latest runs."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from connectors.models import Connection, ConnectionState
from kernel import clock
from permissions.objects import visible_objects
from permissions.policies import Gate
from workflows.admin.deadletters import dead_letters_count
from workflows.admin.views import ledger_tiles, run_lines
from workflows.selectors import ledger_counts, ledger_oldest_seconds, visible_events, visible_runs

LATEST = 8


def dashboard_context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What templates/admin/index.html shows, within what this person may list."""
    user = request.user
    today = timezone.localtime(clock.now()).replace(hour=0, minute=0, second=0, microsecond=0)
    has_events = visible_events(user).exists()
    counts = ledger_counts(user, today) if has_events else {}
    connections = list(visible_objects(user, Connection.objects.select_related("owner")))
    runs = visible_runs(user).select_related("rule", "version", "event__connection").order_by("-id")[:LATEST]
    context.update(
        connections=connections,
        attention=_attention(request, connections, counts),
        tiles=ledger_tiles(counts, {"detected_at__gte": today.isoformat()}) if counts else [],
        oldest_seconds=ledger_oldest_seconds(user) if counts else None,
        runs=run_lines(Gate(user), runs),
        today=today,
    )
    return context


def _attention(
    request: HttpRequest, connections: list[Connection], counts: dict[str, int]
) -> list[dict[str, str]]:
    """Lines with a link, the urgent ones first; empty when all is well."""
    found = []
    for each in connections:
        url = reverse("admin:connectors_connection_change", args=[each.pk])
        if each.state in (ConnectionState.AUTH_FAILED, ConnectionState.PAUSED):
            words = {"name": each.name, "state": each.get_state_display(), "reason": each.state_reason}
            mood = "bad" if each.state == ConnectionState.AUTH_FAILED else "wait"
            found.append({"mood": mood, "text": _("%(name)s: %(state)s. %(reason)s") % words, "url": url})
        elif each.failures:
            words = {"name": each.name, "count": str(each.failures)}
            text = _("%(name)s does not answer (%(count)s failures in a row).") % words
            found.append({"mood": "bad", "text": text, "url": url})
    dead = dead_letters_count(request.user)
    if dead:
        text = _("%(count)s dead letters wait for somebody to look at them.") % {"count": dead}
        found.append({"mood": "bad", "text": text, "url": reverse("admin:workflows_dead_letters")})
    ledger = reverse("admin:connectors_event_changelist")
    for category, mood, text in (
        ("unknown", "bad", _("%(count)s events of today have an unknown outcome.")),
        ("needs_mapping", "wait", _("%(count)s events of today need mapping.")),
    ):
        if counts.get(category):
            words = {"count": str(counts[category])}
            found.append({"mood": mood, "text": text % words, "url": f"{ledger}?category={category}"})
    return sorted(found, key=lambda each: each["mood"] != "bad")
