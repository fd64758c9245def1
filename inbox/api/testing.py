"""`rules/{id}/test/`: a message of one action, to oneself."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from inbox.api.base import ApiView, person, read
from inbox.api.paging import LARGEST_ID
from inbox.api.rules import rule_visible
from workflows.services.testing import message_test


class TestAsked(serializers.Serializer[Any]):
    """`step` is the pointer of the action (`/steps/0`); without `event` the newest one is taken that may be seen."""

    step = serializers.CharField(max_length=300)
    draft = serializers.DictField(required=False)
    event = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)


class TestSent(serializers.Serializer[Any]):
    """`card` is its number in the inbox; `channels` the connections it goes through."""

    card = serializers.UUIDField()
    channels = serializers.ListField(child=serializers.CharField())


class RuleTest(ApiView):
    @extend_schema(
        request=TestAsked, responses={201: TestSent}, summary="Send the message of one action to oneself"
    )
    def post(self, request: Request, pk: int) -> Response:
        user = person(request)
        rule = rule_visible(user, pk)
        given = read(TestAsked, request.data).validated_data
        made = message_test(user, rule, given.get("draft", rule.draft), given["step"], given.get("event"))
        names = list(made.deliveries.order_by("pk").values_list("connection__name", flat=True))
        return Response(TestSent({"card": made.uid, "channels": names}).data, status=201)
