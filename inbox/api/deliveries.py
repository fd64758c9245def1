"""`deliveries/`: what was sent to whom, when, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from inbox.api.base import ApiView, Moment, person, read
from inbox.api.paging import RowFilter, page_answer, page_shape
from kernel.text import text_show
from messaging.models import Delivery, DeliveryState
from messaging.selectors import gate_of
from permissions.policies import Gate
from workflows.selectors import visible_deliveries


class DeliveryFilter(RowFilter):
    PATHS = {
        "connection": "connection__slug",
        "user": "user__username",
        "card": "interaction__uid",
    }
    connection = serializers.CharField(
        required=False, max_length=60, help_text=gettext_lazy("Its short name.")
    )
    user = serializers.CharField(required=False, max_length=150, help_text=gettext_lazy("The user name."))
    card = serializers.UUIDField(required=False)
    state = serializers.ChoiceField(required=False, choices=DeliveryState.values)


class DeliveryShown(serializers.Serializer[Any]):
    """`version` is what the receiver has, `wanted_version` what it should, `seen_version` what was shown."""

    id = serializers.IntegerField()
    uid = serializers.UUIDField()
    card = serializers.UUIDField()
    event = serializers.IntegerField(allow_null=True)
    connection = serializers.CharField()
    user = serializers.CharField()
    address = serializers.CharField()
    purpose = serializers.CharField()
    state = serializers.ChoiceField(choices=DeliveryState.values)
    reason = serializers.CharField(allow_blank=True)
    attempts = serializers.IntegerField()
    version = serializers.IntegerField()
    wanted_version = serializers.IntegerField()
    seen_version = serializers.IntegerField()
    created_at = Moment()
    sent_at = Moment(allow_null=True)
    delivered_at = Moment(allow_null=True)
    seen_at = Moment(allow_null=True)


_PLAIN: Final = (
    *("uid", "address", "purpose", "state", "attempts", "version", "wanted_version", "seen_version"),
    *("created_at", "sent_at", "delivered_at", "seen_at"),
)


def delivery_shown(gate: Gate, delivery: Delivery) -> dict[str, Any] | None:
    """None when the gate closes the record the card is about."""
    if not gate_of(gate, delivery.interaction).allowed:
        return None
    values = {name: getattr(delivery, name) for name in _PLAIN}
    values |= {
        "id": delivery.pk,
        "card": delivery.interaction.uid,
        "event": delivery.interaction.event_id,
        "connection": delivery.connection.slug,
        "user": delivery.user.username,
        "reason": text_show(delivery.reason),
    }
    return dict(DeliveryShown(values).data)


class DeliveryList(ApiView):
    @extend_schema(parameters=[DeliveryFilter], responses=page_shape(DeliveryShown), summary="Deliveries")
    def get(self, request: Request) -> Response:
        query = read(DeliveryFilter, request.query_params)
        gate = Gate(person(request))

        def show(batch: Sequence[Delivery]) -> list[dict[str, Any] | None]:
            return [delivery_shown(gate, delivery) for delivery in batch]

        found = visible_deliveries(person(request)).select_related(
            "interaction__record", "connection", "user"
        )
        return page_answer(request, query.rows(found), show, query.validated_data)
