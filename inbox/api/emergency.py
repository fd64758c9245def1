"""`emergency/`: opening data for oneself with a reason and an end, told to the data owners at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from inbox.api.base import ApiView, Moment, person, read
from inbox.api.paging import PageQuery, page_answer, page_shape
from messaging.services.emergency import emergency_end, emergency_open, is_open
from permissions.models import BreakGlass, User
from permissions.objects import may_any


class EmergencyQuestion(serializers.Serializer[Any]):
    objects = serializers.ListField(child=serializers.CharField(max_length=60), max_length=50)
    field_classes = serializers.ListField(
        child=serializers.CharField(max_length=20), max_length=20, default=list
    )
    reason = serializers.CharField(max_length=2000)
    minutes = serializers.IntegerField(help_text=gettext_lazy("When it ends by itself."))


class EmergencyShown(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    user = serializers.CharField()
    objects = serializers.ListField(child=serializers.CharField())
    field_classes = serializers.ListField(child=serializers.CharField())
    reason = serializers.CharField()
    opened_at = Moment()
    until = Moment()
    ended_at = Moment(allow_null=True)
    open = serializers.BooleanField()


def _shown(found: BreakGlass) -> dict[str, Any]:
    names = ("field_classes", "reason", "opened_at", "until", "ended_at")
    values = {name: getattr(found, name) for name in names}
    values |= {
        "id": found.pk,
        "user": found.user.get_username(),
        "objects": found.objects_covered,
        "open": is_open(found),
    }
    return dict(EmergencyShown(values).data)


def _visible(user: User) -> QuerySet[BreakGlass]:
    rows = BreakGlass.objects.select_related("user")
    return rows if may_any(user, "view", BreakGlass) else rows.filter(user=user)


class EmergencyList(ApiView):
    @extend_schema(parameters=[PageQuery], responses=page_shape(EmergencyShown), summary="Emergency access")
    def get(self, request: Request) -> Response:
        query = read(PageQuery, request.query_params)

        def show(batch: Sequence[BreakGlass]) -> list[dict[str, Any] | None]:
            return [_shown(each) for each in batch]

        return page_answer(request, _visible(person(request)), show, query.validated_data)

    @extend_schema(
        request=EmergencyQuestion, responses={201: EmergencyShown}, summary="Open data in an emergency"
    )
    def post(self, request: Request) -> Response:
        asked = read(EmergencyQuestion, request.data).validated_data
        opened = emergency_open(
            person(request), asked["objects"], asked["field_classes"], asked["reason"], asked["minutes"]
        )
        return Response(_shown(opened), status=201)


class EmergencyEnd(ApiView):
    @extend_schema(request=None, responses={204: None}, summary="End emergency access")
    def post(self, request: Request, pk: int) -> Response:
        emergency_end(person(request), pk)
        return Response(status=204)
