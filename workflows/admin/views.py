"""Small shapes that several pages show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connectors.models import Event
from kernel.badges import MOODS, badge
from kernel.pages import column
from kernel.text import text_show
from permissions.policies import Gate
from workflows.engine.causes import CERTAIN, cause_link
from workflows.models import Run
from workflows.selectors import LEDGER_CATEGORIES, event_view, visible_runs

CONNECTION = column("connection", gettext_lazy("connection"))


def ledger_tiles(counts: Mapping[str, int], query: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """One tile per category, leading to its events."""
    ledger = reverse("admin:connectors_event_changelist")
    return [
        {
            "key": key,
            "label": label,
            "count": counts.get(key, 0),
            "mood": MOODS[key] if counts.get(key) else "plain",
            "url": f"{ledger}?{urlencode({**(query or {}), 'category': key})}",
        }
        for key, label in LEDGER_CATEGORIES.items()
    ]


def cause_line(user: Any, event: Event) -> dict[str, str] | None:
    """Which run's write caused the event, in words; with the way there for whoever may see the run."""
    if event.cause_run_id is None:
        return None
    words = (
        _("Caused by what run #%(run)s wrote.")
        if cause_link(event) == CERTAIN
        else _("Probably caused by what run #%(run)s wrote: it changed shortly afterwards.")
    )
    seen = visible_runs(user).filter(pk=event.cause_run_id).exists()
    return {
        "words": words % {"run": event.cause_run_id},
        "url": reverse("admin:workflows_run_change", args=[event.cause_run_id]) if seen else "",
    }


def run_lines(gate: Gate, runs: Iterable[Run]) -> list[dict[str, Any]]:
    """Runs as list lines; the record's title only where the gate shows it."""
    lines = []
    for run in runs:
        view = event_view(gate, run.event)
        lines.append(
            {
                "run": run,
                "url": reverse("admin:workflows_run_change", args=[run.pk]),
                "badge": badge(run.state, run.get_state_display()),
                "record": view.title or view.key(run.event.key),
                "reason": text_show(run.reason) if view.decision.allowed else "",
            }
        )
    return lines
