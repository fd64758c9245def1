"""How rules do: figures of the last days for the list of rules, from the daily rows alone."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import IntegerField, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from kernel import clock
from workflows.models import Rule, RuleDay, Run

WEEK_DAYS = 7
LINE_DAYS = 14


@dataclass
class Health:
    """`per_day`: firings of the last LINE_DAYS days, oldest first; the other figures are of the last WEEK_DAYS days.

    `answer_seconds` is the middle time people took to answer; None where nobody has.
    """

    fired: int = 0
    sent: int = 0
    answered: int = 0
    failed: int = 0
    held: int = 0
    per_day: list[int] = field(default_factory=lambda: [0] * LINE_DAYS)
    answer_seconds: float | None = None


def rules_health(rules: Iterable[Rule]) -> dict[int, Health]:
    """By rule; one query however many. Days are days of UTC, the last one is today."""
    today = clock.now().astimezone(dt.UTC).date()
    first = today - dt.timedelta(days=LINE_DAYS - 1)
    found = {rule.pk: Health() for rule in rules}
    times: dict[int, Counter[int]] = {pk: Counter() for pk in found}
    for row in RuleDay.objects.filter(rule__in=found, day__gte=first, day__lte=today):
        health = found[row.rule_id]
        health.per_day[(row.day - first).days] = row.fired
        if row.day > today - dt.timedelta(days=WEEK_DAYS):
            for name in ("fired", "sent", "answered", "failed", "held"):
                setattr(health, name, getattr(health, name) + getattr(row, name))
            times[row.rule_id].update({int(each): count for each, count in row.answer_times.items()})
    for pk, health in found.items():
        health.answer_seconds = times_median(times[pk])
    return found


def times_median(times: Counter[int]) -> float | None:
    """The middle of the times counted in buckets (see RuleDay), in seconds; right to a tenth. None when there are none."""
    left = sum(times.values()) / 2
    for bucket in sorted(times):
        left -= times[bucket]
        if left <= 0:
            return float(2 ** ((bucket + 0.5) / 4))
    return None


def rules_with_figures(rules: QuerySet[Rule]) -> QuerySet[Rule]:
    """`rules` with what a list is put in order by: `fired_count`, `answered_count`, `failed_count`, `fired_last`."""
    since = clock.now().astimezone(dt.UTC).date() - dt.timedelta(days=WEEK_DAYS - 1)
    days = RuleDay.objects.filter(rule=OuterRef("pk"), day__gte=since).order_by().values("rule")

    def total(name: str) -> Coalesce:
        return Coalesce(Subquery(days.annotate(n=Sum(name)).values("n"), IntegerField()), 0)

    last = Run.objects.filter(rule=OuterRef("pk")).order_by("-pk").values("started_at")[:1]
    return rules.annotate(
        fired_count=total("fired"),
        answered_count=total("answered"),
        failed_count=total("failed"),
        fired_last=Subquery(last),
    )
