"""Questions about rules, runs and the ledger, each asked for one person."""

from workflows.selectors.catalogue import catalogue, catalogue_object
from workflows.selectors.ledger import LEDGER_CATEGORIES, category_filter, events_classified
from workflows.selectors.ledgercounts import ledger_counts, ledger_oldest_seconds
from workflows.selectors.runtrace import RunTrace, run_trace
from workflows.selectors.shown import RecordView, event_view, state_view
from workflows.selectors.visible import (
    may_list_events,
    may_list_runs,
    visible_deliveries,
    visible_events,
    visible_interactions,
    visible_replies,
    visible_rules,
    visible_runs,
    visible_steps,
)

__all__ = [
    "LEDGER_CATEGORIES",
    "RecordView",
    "RunTrace",
    "catalogue",
    "catalogue_object",
    "category_filter",
    "event_view",
    "events_classified",
    "ledger_counts",
    "ledger_oldest_seconds",
    "may_list_events",
    "may_list_runs",
    "run_trace",
    "state_view",
    "visible_deliveries",
    "visible_events",
    "visible_interactions",
    "visible_replies",
    "visible_rules",
    "visible_runs",
    "visible_steps",
]
