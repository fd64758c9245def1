"""`rules/{id}/why/`: why a rule did not tell of an event or a record, and what would have made it fire."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from inbox.api.base import ApiView, person, read
from inbox.api.paging import LARGEST_ID
from inbox.api.rules import rule_visible
from workflows.selectors import visible_runs
from workflows.services.why import why_asked


class WhyQuery(serializers.Serializer[Any]):
    """`event`, or `key` for the newest event of a record; `person` for what became of it for one person."""

    event = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    key = serializers.CharField(required=False, max_length=200)
    person = serializers.CharField(required=False, max_length=150)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("event" in attrs) == ("key" in attrs):
            raise serializers.ValidationError(_("Give either an event or a record's key."))
        return attrs


class WhyShown(serializers.Serializer[Any]):
    """`needed` is null, or `{kind: "one"|"all"|"any", text, parts}`: the nearest change of each part that was not true."""

    event = serializers.IntegerField()
    record = serializers.CharField(allow_blank=True)
    told = serializers.BooleanField()
    reasons = serializers.ListField(child=serializers.CharField())
    condition = serializers.DictField(allow_null=True)
    needed = serializers.DictField(allow_null=True)
    run = serializers.IntegerField(allow_null=True)


class RuleWhy(ApiView):
    @extend_schema(parameters=[WhyQuery], responses=WhyShown, summary="Why was nobody told?")
    def get(self, request: Request, pk: int) -> Response:
        user = person(request)
        rule = rule_visible(user, pk)
        query = read(WhyQuery, request.query_params).validated_data
        why = why_asked(
            user,
            rule,
            event=query.get("event"),
            key=query.get("key", ""),
            username=query.get("person", ""),
        )
        seen = why.run is not None and visible_runs(user).filter(pk=why.run.pk).exists()
        values = {
            "event": why.event.pk,
            "record": why.record.title or why.record.key(why.event.key),
            "told": why.told,
            "reasons": why.reasons,
            "condition": why.condition.as_json() if why.condition else None,
            "needed": why.needed.as_json() if why.needed else None,
            "run": why.run.pk if why.run is not None and seen else None,
        }
        return Response(WhyShown(values).data)
