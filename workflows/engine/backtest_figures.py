"""The figures of a back-test, added up by the database once it is done."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections import defaultdict
from typing import Any

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDate

from permissions.models import User
from workflows.models import BackTest, BackTestHit

MOST_ITEMS = 50
MOST_PEOPLE = 200


def figures(row: BackTest) -> dict[str, Any]:
    """See docs/api.md. Days are those of whoever asked."""
    hits = BackTestHit.objects.filter(backtest=row, side="draft")
    zone = _zone(row.asked_by)
    totals = hits.aggregate(fired=Count("event_id", distinct=True), messages=Count("user"))
    return {
        "events": row.done,
        "left_out": row.left_out,
        "fired": totals["fired"],
        "messages": totals["messages"],
        "held": row.held,
        "per_day": _days(hits, zone),
        "items": [
            {"key": each["key"], "fired": each["fired"]}
            for each in hits.values("key")
            .annotate(fired=Count("event_id", distinct=True))
            .order_by("-fired", "key")[:MOST_ITEMS]
        ],
        "people": _people(row, hits, zone),
    }


def _zone(user: User) -> dt.tzinfo:
    try:
        return zoneinfo.ZoneInfo(user.time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return dt.UTC


def _days(hits: QuerySet[BackTestHit], zone: dt.tzinfo) -> list[dict[str, Any]]:
    found = (
        hits.annotate(day=TruncDate("at", tzinfo=zone))
        .values("day")
        .annotate(fired=Count("event_id", distinct=True), messages=Count("user"))
        .order_by("day")
    )
    return [{**each, "day": each["day"].isoformat()} for each in found]


def _people(row: BackTest, hits: QuerySet[BackTestHit], zone: dt.tzinfo) -> list[dict[str, Any]]:
    """Everybody who would be told by one side or the other, most first."""
    messages: dict[int, int] = defaultdict(int)
    most: dict[int, int] = defaultdict(int)
    daily = (
        hits.filter(user__isnull=False)
        .annotate(day=TruncDate("at", tzinfo=zone))
        .values("user", "day")
        .annotate(count=Count("pk"))
    )
    for each in daily:
        messages[each["user"]] += each["count"]
        most[each["user"]] = max(most[each["user"]], each["count"])
    published = dict(
        BackTestHit.objects.filter(backtest=row, side="published", user__isnull=False)
        .values_list("user")
        .annotate(count=Count("pk"))
    )
    people = User.objects.in_bulk(messages.keys() | published.keys())
    found: list[dict[str, Any]] = [
        {
            "username": person.username,
            "name": person.display_name,
            "messages": messages[pk],
            "most_a_day": most[pk],
            "published": published.get(pk, 0) if row.published_id else None,
            "difference": messages[pk] - published.get(pk, 0) if row.published_id else None,
        }
        for pk, person in people.items()
    ]
    return sorted(found, key=lambda each: (-each["messages"], each["username"]))[:MOST_PEOPLE]
