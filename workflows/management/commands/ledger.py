"""`manage.py ledger [--check]`: how many events ended how, and whether any row is lost."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connectors.models import CounterState
from kernel.text import text_show
from workflows.selectors.counters import counter_lines
from workflows.selectors.holes import ledger_holes
from workflows.selectors.ledger import LEDGER_CATEGORIES
from workflows.selectors.ledgercounts import Scope, scope_counts, scope_oldest_seconds

MOST_NAMED = 1_000


class Command(BaseCommand):
    help = "Count every event by what became of it; --check ends with 1 when a row is lost, and names each."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="look for holes, and fail when there are any"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        counts = scope_counts(Scope())
        self._counts_print(counts)
        if not options["check"]:
            return
        holes = ledger_holes(MOST_NAMED)
        missing = self._counters_print()
        for hole in holes:
            about = f" (event {hole.event_id})" if hole.event_id and hole.kind != "event" else ""
            self.stdout.write(f"hole: {hole.kind} {hole.pk}{about}: {hole.reason}")
        if len(holes) == MOST_NAMED:
            self.stdout.write(_("Only the first %(count)s holes are named.") % {"count": MOST_NAMED})
        if holes or counts["unknown"] or missing:
            found = max(len(holes), counts["unknown"]) + missing
            text = ngettext("%(count)s hole in the ledger.", "%(count)s holes in the ledger.", found)
            raise CommandError(text % {"count": found}, returncode=1)
        self.stdout.write(_("No hole: every event has an outcome, or is in hand."))

    def _counters_print(self) -> int:
        """What the sources say beside what is recorded of them. Returns in how many objects something is missing."""
        lines = counter_lines()
        for line in lines:
            told = "–" if line.source_records is None else line.source_records
            why = f": {text_show(line.reason)}" if line.state == CounterState.HOLE else ""
            error = f" ({line.error})" if line.error else ""
            self.stdout.write(
                f"counter: {line.connection} {line.object} {line.state} {told}/{line.own_records}{why}{error}"
            )
        return sum(line.state == CounterState.HOLE for line in lines)

    def _counts_print(self, counts: dict[str, int]) -> None:
        oldest = scope_oldest_seconds(Scope())
        for category, label in LEDGER_CATEGORIES.items():
            age = ""
            if category == "in_progress" and oldest is not None:
                age = ", " + _("the oldest for %(seconds)s s") % {"seconds": round(oldest)}
            self.stdout.write(f"{category:<14}{counts[category]:>12}  {label}{age}")
        self.stdout.write(f"{'total':<14}{sum(counts.values()):>12}")
