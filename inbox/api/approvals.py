"""`rules/{id}/four-eyes/`: whether publishing needs another person's approval, and what waits for one."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from inbox.api.base import ApiView, Moment, person, read
from inbox.api.rules import rule_visible
from permissions.objects import may_object
from workflows.models import FourEyes
from workflows.services.approvals import approval_waiting, four_eyes_set


class FourEyesShown(serializers.Serializer[Any]):
    """`may_end`: the reader may do without approvals again, and decide of the whole connection."""

    rule = serializers.BooleanField()
    connection = serializers.BooleanField()
    may_end = serializers.BooleanField()
    asked_by = serializers.CharField(allow_null=True)
    asked_at = Moment(allow_null=True)


class FourEyesChange(serializers.Serializer[Any]):
    of = serializers.ChoiceField(choices=["rule", "connection"])
    on = serializers.BooleanField()


class RuleFourEyes(ApiView):
    @extend_schema(responses=FourEyesShown, summary="Whether publishing needs another person's approval")
    def get(self, request: Request, pk: int) -> Response:
        return self._answer(request, pk)

    @extend_schema(request=FourEyesChange, responses=FourEyesShown, summary="Ask for approvals, or no longer")
    def post(self, request: Request, pk: int) -> Response:
        user = person(request)
        given = read(FourEyesChange, request.data).validated_data
        rule = rule_visible(user, pk)
        four_eyes_set(user, rule, is_on=given["on"], whole_connection=given["of"] == "connection")
        return self._answer(request, pk)

    @staticmethod
    def _answer(request: Request, pk: int) -> Response:
        user = person(request)
        rule = rule_visible(user, pk)
        waiting = approval_waiting(rule)
        values = {
            "rule": FourEyes.objects.filter(rule=rule).exists(),
            "connection": FourEyes.objects.filter(connection=rule.connection_id).exists(),
            "may_end": may_object(user, "change", rule.connection),
            "asked_by": waiting.asked_by.username if waiting is not None else None,
            "asked_at": waiting.asked_at if waiting is not None else None,
        }
        return Response(FourEyesShown(values).data)
