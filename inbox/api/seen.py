"""`seen/`: what would somebody see? Asked through the gate for that person and for the asker, and audited."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from connectors.models import Connection
from inbox.api.base import ApiView, person, read
from inbox.api.paging import LARGEST_ID
from inbox.api.schema import ErrorAnswer
from messaging.models import Interaction
from permissions.models import User
from workflows.selectors import visible_rules
from workflows.services.seeing import (
    Seen,
    card_seen,
    event_seen,
    list_seen,
    person_of,
    record_seen,
    rule_seen,
)

WANTED = {
    "record": ("connection", "object", "key"),
    "event": ("event",),
    "card": ("card",),
    "rule": ("rule",),
    "list": ("connection", "object"),
}


class SeenQuestion(serializers.Serializer[Any]):
    """Who, and what: `record` (connection, object, key), `event`, `card`, `rule` (and an event) or `list`."""

    person = serializers.CharField(max_length=150, help_text=gettext_lazy("The user name."))
    kind = serializers.ChoiceField(choices=list(WANTED))
    connection = serializers.CharField(
        required=False, max_length=60, help_text=gettext_lazy("Its short name.")
    )
    object = serializers.CharField(required=False, max_length=60)
    key = serializers.CharField(required=False, max_length=200)
    event = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    card = serializers.UUIDField(required=False)
    rule = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        missing = [name for name in WANTED[attrs["kind"]] if name not in attrs]
        if missing:
            raise serializers.ValidationError({name: [_("This is needed here.")] for name in missing})
        return attrs


class SeenField(serializers.Serializer[Any]):
    """`shown`: how that person gets it. `mine`: whether the asker sees the value; if not it is masked here."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    value = serializers.CharField(allow_blank=True)
    shown = serializers.ChoiceField(choices=["shown", "masked", "rounded", "left_out"])
    mine = serializers.BooleanField()
    grants = serializers.ListField(child=serializers.IntegerField())
    why = serializers.CharField(allow_blank=True)


class SeenGrant(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    holder = serializers.CharField()
    opens = serializers.BooleanField()
    words = serializers.CharField()


class SeenMessage(serializers.Serializer[Any]):
    """In that person's language."""

    title = serializers.CharField(allow_blank=True)
    body = serializers.CharField(allow_blank=True)
    fields = serializers.ListField(child=serializers.DictField())  # type: ignore[assignment]
    buttons = serializers.ListField(child=serializers.CharField())


class SeenShown(serializers.Serializer[Any]):
    """`grants` only for those who may read grants."""

    person = serializers.CharField()
    kind = serializers.CharField()
    title = serializers.CharField(allow_blank=True)
    allowed = serializers.BooleanField()
    reasons = serializers.ListField(child=serializers.CharField())
    may = serializers.DictField(child=serializers.BooleanField())
    fields = SeenField(many=True)  # type: ignore[assignment]
    grants = SeenGrant(many=True)
    message = SeenMessage(allow_null=True)
    rows = serializers.ListField(child=serializers.CharField())


def _shown(seen: Seen) -> dict[str, Any]:
    message = seen.message
    return {
        "person": seen.person.username,
        "kind": seen.kind,
        "title": seen.title,
        "allowed": seen.allowed,
        "reasons": seen.reasons,
        "may": seen.may,
        "fields": [asdict(each) for each in seen.fields],
        "grants": [asdict(each) for each in seen.grants],
        "message": message
        and {
            "title": message.title,
            "body": message.body,
            "fields": [vars(each) for each in message.fields],
            "buttons": [each.label for each in message.buttons],
        },
        "rows": seen.rows,
    }


class SeenAsk(ApiView):
    @extend_schema(
        request=SeenQuestion,
        responses={200: SeenShown, 404: ErrorAnswer},
        summary="What would somebody see?",
    )
    def post(self, request: Request) -> Response:
        asked = read(SeenQuestion, request.data).validated_data
        actor = person(request)
        found = person_of(actor, asked["person"])
        return Response(_shown(_ask(actor, found, asked)))


def _ask(actor: User, about: User, asked: dict[str, Any]) -> Seen:
    kind = asked["kind"]
    if kind == "event":
        return event_seen(actor, about, asked["event"])
    if kind == "card":
        cards = Interaction.objects.filter(uid=asked["card"]).select_related("record")
        return card_seen(actor, about, cards.first())
    if kind == "rule":
        return rule_seen(
            actor, about, visible_rules(actor).filter(pk=asked["rule"]).first(), asked.get("event")
        )
    connection = Connection.objects.filter(slug=asked["connection"]).first()
    if kind == "list":
        return list_seen(actor, about, connection, asked["object"])
    return record_seen(actor, about, connection, asked["object"], asked["key"])
