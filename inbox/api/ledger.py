"""`ledger/`: how many events ended how. `unknown` must be zero."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from connectors.models import CounterState
from inbox.api.base import ApiView, Moment, person, read
from kernel.text import text_show
from workflows.selectors import LEDGER_CATEGORIES, ledger_counts, ledger_oldest_seconds
from workflows.selectors.counters import counter_lines


class LedgerFilter(serializers.Serializer[Any]):
    since = serializers.DateTimeField(required=False, help_text=_("Only events detected from this time on."))


class CounterShown(serializers.Serializer[Any]):
    """What a source says it holds (null where it cannot tell) beside what is recorded of it."""

    connection = serializers.CharField()
    object = serializers.CharField()
    state = serializers.ChoiceField(choices=CounterState.choices)
    source_records = serializers.IntegerField(allow_null=True)
    own_records = serializers.IntegerField(allow_null=True)
    checked_at = Moment(allow_null=True)
    found_at = Moment(allow_null=True)
    healed_at = Moment(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    error = serializers.CharField(allow_blank=True)


class LedgerShown(serializers.Serializer[Any]):
    """One count per category over the events of the connections the reader may see, and `total`.

    `oldest_in_progress_seconds` is null when nothing is in progress.
    """

    total = serializers.IntegerField()
    counters = CounterShown(many=True)
    oldest_in_progress_seconds = serializers.FloatField(allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        counts = {
            name: serializers.IntegerField(help_text=label) for name, label in LEDGER_CATEGORIES.items()
        }
        return {**counts, **super().get_fields()}


class Ledger(ApiView):
    @extend_schema(
        parameters=[LedgerFilter], responses=LedgerShown, summary="Counts of events by what became of them"
    )
    def get(self, request: Request) -> Response:
        query = read(LedgerFilter, request.query_params)
        counts = ledger_counts(person(request), query.validated_data.get("since"))
        oldest = ledger_oldest_seconds(person(request))
        counters = [
            {**asdict(line), "reason": text_show(line.reason)} for line in counter_lines(person(request))
        ]
        values = {
            **counts,
            "total": sum(counts.values()),
            "oldest_in_progress_seconds": oldest,
            "counters": counters,
        }
        return Response(LedgerShown(values).data)
