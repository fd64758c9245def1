"""What starts a rule besides changes: a person, and its set times."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from inbox.api.base import ApiView, Moment, person, read
from inbox.api.rules import rule_visible
from workflows.models import RecordWalk, Schedule, WalkState
from workflows.services.already import already_true
from workflows.services.by_hand import rule_start

LATEST_WALKS = 10


class StartAsked(serializers.Serializer[Any]):
    """`record` is its key; the same `request_id` starts the rule once, however often it is sent."""

    record = serializers.CharField(max_length=200)
    request_id = serializers.RegexField(r"^[-A-Za-z0-9_.]+$", max_length=60)


class StartedShown(serializers.Serializer[Any]):
    """The event that was made; the ledger tells what became of it."""

    event = serializers.IntegerField()


class WalkShown(serializers.Serializer[Any]):
    """A look over all records: how far it is, and for how many of them the condition was true."""

    time = Moment()
    state = serializers.ChoiceField(choices=WalkState.values)
    total = serializers.IntegerField()
    looked = serializers.IntegerField()
    made = serializers.IntegerField()
    left_out = serializers.IntegerField()
    ended_at = Moment(allow_null=True)


class ScheduleShown(serializers.Serializer[Any]):
    """`next` is null for a rule without set times; `walks` are the latest looks over all records."""

    next = Moment(allow_null=True)
    last = Moment(allow_null=True)
    number = serializers.IntegerField()
    missed = serializers.IntegerField()
    error = serializers.CharField(allow_blank=True)
    walks = WalkShown(many=True)


class AlreadyAsked(serializers.Serializer[Any]):
    """Without `draft` the stored one is counted."""

    draft = serializers.DictField(required=False)


class AlreadyShown(serializers.Serializer[Any]):
    """For `count` of the `looked` newest records (of `total`) that the reader may see the condition is true now."""

    count = serializers.IntegerField()
    looked = serializers.IntegerField()
    total = serializers.IntegerField()


class RuleAlready(ApiView):
    @extend_schema(
        request=AlreadyAsked, responses=AlreadyShown, summary="For how many records the draft is true now"
    )
    def post(self, request: Request, pk: int) -> Response:
        user = person(request)
        rule = rule_visible(user, pk)
        raw = read(AlreadyAsked, request.data).validated_data.get("draft", rule.draft)
        return Response(AlreadyShown(asdict(already_true(user, rule, raw))).data)


class RuleStart(ApiView):
    @extend_schema(request=StartAsked, responses={201: StartedShown}, summary="Start the rule for one record")
    def post(self, request: Request, pk: int) -> Response:
        user = person(request)
        rule = rule_visible(user, pk)
        asked = read(StartAsked, request.data).validated_data
        event = rule_start(user, rule, asked["record"], asked["request_id"])
        return Response(StartedShown({"event": event.pk}).data, status=201)


class RuleSchedule(ApiView):
    @extend_schema(responses=ScheduleShown, summary="When the rule starts by itself")
    def get(self, request: Request, pk: int) -> Response:
        rule = rule_visible(person(request), pk)
        row = Schedule.objects.filter(rule=rule).first()
        walks = RecordWalk.objects.filter(rule=rule).order_by("-id")[:LATEST_WALKS]
        shown = {
            "next": row.occurrence_at if row else None,
            "last": row.last_at if row else None,
            "number": row.number if row else 0,
            "missed": row.missed if row else 0,
            "error": row.last_error if row else "",
            "walks": [{**_numbers(each), "time": each.occurrence_at} for each in walks],
        }
        return Response(ScheduleShown(shown).data)


def _numbers(walk: RecordWalk) -> dict[str, Any]:
    names = ("state", "total", "looked", "made", "left_out", "ended_at")
    return {name: getattr(walk, name) for name in names}
