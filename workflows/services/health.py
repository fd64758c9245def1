"""Counting what each rule did today and yesterday, from the rows, and telling the owner of one that fails.

Counted as a whole each time, so that a count that was cut off, or done twice, is right the next time. No index is kept for
it: rows are numbered as they come, so the first of a day is found by halving. A count that takes long is done less often:
a day of 100,000 runs takes 4 s on PostgreSQL (two cores), one of 7,000 takes 0.3 s.
"""

from __future__ import annotations

import datetime as dt
import math
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Count, F

from connectors.models import Event, Outcome
from kernel import clock
from kernel.timers import after
from messaging.models import Answer, Delivery
from workflows.engine.refresh import HANDLER
from workflows.models import Rule, RuleDay, Run, RunState, Step
from workflows.services.incidents import incidents_tell

EVERY_SECONDS = 10.0
REST_FACTOR = 20.0
"""It rests this many times as long as it took."""
SLACK_ROWS = 5_000
"""Rows stored out of order, and a clock set back, are still found within this many numbers."""
SENT_DAYS = 4
"""A message held back is counted on the day it went out, up to so many days after it was made."""
FIELDS = ("fired", "sent", "answered", "failed", "held", "answer_times", "counted_at")
HELD_SQL = {
    "postgresql": """
        SELECT (v->>'rule')::bigint, count(*) FROM connectors_event e, jsonb_array_elements(e.verdicts) v
        WHERE e.id >= %s AND e.outcome IN (%s, %s) AND e.planned_at >= %s AND e.planned_at < %s AND v->>'held' <> ''
        GROUP BY 1""",
    "sqlite": """
        SELECT json_extract(v.value, '$.rule'), count(*) FROM connectors_event e, json_each(e.verdicts) v
        WHERE e.id >= %s AND e.outcome IN (%s, %s) AND e.planned_at >= %s AND e.planned_at < %s
          AND json_extract(v.value, '$.held') <> ''
        GROUP BY 1""",
}


def health_run() -> dt.datetime:
    """Count, and tell of rules that fail. Returns when it is due again."""
    began = time.monotonic()
    today = clock.now().astimezone(dt.UTC).date()
    for day in (today - dt.timedelta(days=1), today):
        day_count(day)
    incidents_tell()
    return after(max(EVERY_SECONDS, REST_FACTOR * (time.monotonic() - began)))


def day_count(day: dt.date) -> int:
    """Count one day (UTC) anew. Returns of how many rules there was anything."""
    since = dt.datetime.combine(day, dt.time(), dt.UTC)
    until = since + dt.timedelta(days=1)
    counts: dict[int, dict[str, Any]] = defaultdict(dict)
    for name, found in (
        ("fired", _fired(since, until)),
        ("failed", _failed(since, until)),
        ("sent", _sent(since, until)),
        ("held", _held(since, until)),
    ):
        for rule_id, count in found:
            counts[rule_id][name] = count
    for rule_id, times in _answers(since, until).items():
        counts[rule_id] |= {"answered": sum(times.values()), "answer_times": dict(times)}
    now = clock.now()
    with transaction.atomic():
        known = set(Rule.objects.filter(pk__in=counts).values_list("pk", flat=True))
        was = RuleDay.objects.filter(day=day).exclude(rule__in=known)
        was.update(fired=0, sent=0, answered=0, failed=0, held=0, answer_times={}, counted_at=now)
        rows = [
            RuleDay(rule_id=pk, day=day, counted_at=now, **values)
            for pk, values in sorted(counts.items())
            if pk in known
        ]
        RuleDay.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["rule", "day"], update_fields=FIELDS
        )
    return len(rows)


def _fired(since: dt.datetime, until: dt.datetime) -> Iterable[tuple[int, int]]:
    runs = Run.objects.filter(pk__gte=first_since(Run, "started_at", since))
    return _by_rule(runs.filter(started_at__gte=since, started_at__lt=until), "rule")


def _failed(since: dt.datetime, until: dt.datetime) -> Iterable[tuple[int, int]]:
    return _by_rule(
        Run.objects.filter(state=RunState.FAILED, ended_at__gte=since, ended_at__lt=until), "rule"
    )


def _sent(since: dt.datetime, until: dt.datetime) -> Iterable[tuple[int, int]]:
    """A step that follows a click has the question, too: only the one that asked counts."""
    made = since - dt.timedelta(days=SENT_DAYS)
    sent = Delivery.objects.filter(
        pk__gte=first_since(Delivery, "created_at", made), sent_at__gte=since, sent_at__lt=until
    )
    asked = Step.objects.filter(person__isnull=True, interaction__deliveries__in=sent)
    return _by_rule(asked, "run__rule")


def _by_rule(rows: models.QuerySet[Any], path: str) -> Iterable[tuple[int, int]]:
    found: Iterable[tuple[int, int]] = rows.order_by().values_list(path).annotate(count=Count("pk"))
    return found


def _answers(since: dt.datetime, until: dt.datetime) -> dict[int, Counter[str]]:
    answers = Answer.objects.filter(
        pk__gte=first_since(Answer, "answered_at", since),
        answered_at__gte=since,
        answered_at__lt=until,
        accepted=True,
        interaction__handler=HANDLER,
    )
    found = Step.objects.filter(person__isnull=True, interaction__answers__in=answers).values_list(
        "run__rule", F("interaction__answers__answered_at"), F("interaction__created_at")
    )
    times: dict[int, Counter[str]] = defaultdict(Counter)
    for rule_id, answered_at, asked_at in found.iterator():
        times[rule_id][str(time_bucket((answered_at - asked_at).total_seconds()))] += 1
    return times


def time_bucket(seconds: float) -> int:
    return max(0, math.floor(4 * math.log2(max(seconds, 1.0))))


def _held(since: dt.datetime, until: dt.datetime) -> Iterable[tuple[int, int]]:
    """Firings held back: the events' own verdicts, and the runs of a shadow or a pilot that reached nobody else."""
    counts: Counter[int] = Counter()
    first = first_since(Event, "detected_at", since)
    bounds = (first, Outcome.SUPPRESSED, Outcome.MATCHED, since, until)
    with connection.cursor() as cursor:
        cursor.execute(HELD_SQL[connection.vendor], bounds)
        counts.update(dict(cursor.fetchall()))
    runs = Run.objects.filter(
        pk__gte=first_since(Run, "started_at", since), started_at__gte=since, started_at__lt=until
    )
    counts.update(dict(_by_rule(runs.exclude(launch="").filter(state=RunState.CANCELLED), "rule")))
    return counts.items()


def first_since(model: type[models.Model], name: str, moment: dt.datetime) -> int:
    """A number no row written since `moment` lies below, found by halving: `name` grows with the numbers, nearly."""
    rows = model._default_manager.order_by("pk").values_list("pk", name)
    low, high = 0, model._default_manager.aggregate(most=models.Max("pk"))["most"] or 0
    while low < high:
        middle = (low + high) // 2
        row = rows.filter(pk__gte=middle).first()
        if row is None or row[1] >= moment:
            high = middle
        else:
            low = row[0] + 1
    return max(0, low - SLACK_ROWS)
