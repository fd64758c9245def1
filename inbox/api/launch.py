"""`rules/{id}/launch/`: how far a rule is launched, and when it stops by itself."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from inbox.api.base import ApiView, Moment, person, read
from inbox.api.rules import rule_visible
from permissions.models import User
from workflows.engine.launching import launch_limit, launch_of
from workflows.models import Launch, LaunchStep, Rule
from workflows.services.launching import FACTOR, forecast_tested, launch_fired, launch_set


class LaunchShown(serializers.Serializer[Any]):
    """`tested` is what the reader's newest back-test of this definition says; without `forecast` it never stops by itself."""

    step = serializers.ChoiceField(choices=LaunchStep.values)
    pilots = serializers.ListField(child=serializers.CharField())
    forecast = serializers.FloatField(allow_null=True, help_text=gettext_lazy("Expected firings a day."))
    factor = serializers.FloatField(help_text=gettext_lazy("It stops at this many times the forecast."))
    limit = serializers.IntegerField(
        allow_null=True, help_text=gettext_lazy("How often it may fire in 24 hours.")
    )
    fired = serializers.IntegerField(help_text=gettext_lazy("How often it has fired since it is counted."))
    counted_from = Moment(allow_null=True)
    tested = serializers.FloatField(allow_null=True)


class LaunchChange(serializers.Serializer[Any]):
    """Without `forecast` the newest back-test of who asks says it."""

    step = serializers.ChoiceField(choices=LaunchStep.values)
    pilots = serializers.ListField(
        child=serializers.CharField(max_length=150), required=False, default=list, max_length=50
    )
    forecast = serializers.FloatField(required=False, allow_null=True, default=None)
    factor = serializers.FloatField(required=False, default=FACTOR)


def launch_shown(user: User, rule: Rule) -> dict[str, Any]:
    launch = launch_of(rule) or Launch(rule=rule)
    names = dict(User.objects.filter(pk__in=launch.pilots).values_list("pk", "username"))
    values = {
        "step": launch.step,
        "pilots": [names[each] for each in launch.pilots if each in names],
        "forecast": launch.forecast,
        "factor": launch.factor,
        "limit": launch_limit(launch) if launch.forecast is not None else None,
        "fired": launch_fired(launch) if launch.pk else 0,
        "counted_from": launch.counted_from if launch.pk else None,
        "tested": forecast_tested(user, rule),
    }
    return dict(LaunchShown(values).data)


class RuleLaunch(ApiView):
    @extend_schema(responses=LaunchShown, summary="How far the rule is launched")
    def get(self, request: Request, pk: int) -> Response:
        user = person(request)
        return Response(launch_shown(user, rule_visible(user, pk)))

    @extend_schema(
        request=LaunchChange,
        responses=LaunchShown,
        summary="Launch it further, or less far; nothing is published for it",
    )
    def post(self, request: Request, pk: int) -> Response:
        user = person(request)
        rule = rule_visible(user, pk)
        given = read(LaunchChange, request.data).validated_data
        launch_set(user, rule, given.pop("step"), **given)
        return Response(launch_shown(user, rule_visible(user, pk)))
