"""`inbox/`: a person's cards and answers. A GET only shows (and notes which version); a POST acts, once."""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any

from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from inbox.api.base import ApiView, Moment, read, reader
from inbox.api.schema import ErrorAnswer
from kernel.errors import NotFound, PermissionDenied
from kernel.generation import generations_held
from messaging.models import Interaction, InteractionState
from messaging.selectors import gate_of, inbox_cards, inbox_interaction, inbox_interactions
from messaging.services.answers import AnswerResult, answer_submit
from messaging.services.replies import content_answer
from messaging.services.seen import cards_seen
from permissions.identities import BUILT_IN
from permissions.models import User, Verb
from permissions.policies import Gate, may_answer_record

LARGEST_VERSION = 2_147_483_647
CARD_EXAMPLE = {
    "id": "7f0c8a52-3f55-4c1e-9f36-0c2b1d7f9a10",
    "version": 1,
    "title": "Low stock: M8 bolt (East warehouse)",
    "body": "",
    "fields": [{"name": "on_hand", "label": "On hand", "value": "40", "emphasis": True}],
    "state": "open",
    "state_text": "",
    "buttons": [
        {
            "key": "create_po",
            "label": "Create PO",
            "style": "primary",
            "confirm": "",
            "replies": ["order {quantity}"],
            "inputs": [{"name": "quantity", "label": "Quantity", "type": "decimal", "value": "200"}],
        },
        {
            "key": "not_now",
            "label": "Not now",
            "style": "secondary",
            "confirm": "",
            "replies": [],
            "inputs": [],
        },
    ],
    "created_at": "2026-11-22T02:41:00Z",
    "seen": False,
    "notice": "",
}


class CardFieldShown(serializers.Serializer[Any]):
    name = serializers.CharField(allow_blank=True)
    value = serializers.CharField(allow_blank=True)
    emphasis = serializers.BooleanField()
    label = serializers.CharField(allow_blank=True)  # type: ignore[assignment]


class CardInputShown(serializers.Serializer[Any]):
    name = serializers.CharField()
    type = serializers.ChoiceField(choices=["integer", "decimal", "text"])
    value = serializers.CharField(allow_blank=True)
    label = serializers.CharField(allow_blank=True)  # type: ignore[assignment]


class CardButtonShown(serializers.Serializer[Any]):
    key = serializers.CharField()
    style = serializers.ChoiceField(  # type: ignore[assignment]
        choices=["primary", "secondary", "danger"]
    )
    confirm = serializers.CharField(allow_blank=True)
    replies = serializers.ListField(child=serializers.CharField())
    inputs = CardInputShown(many=True)
    label = serializers.CharField()  # type: ignore[assignment]


class CardShown(serializers.Serializer[Any]):
    """A card in the reader's language, masked by the gate. `buttons` is empty unless open."""

    id = serializers.UUIDField()
    version = serializers.IntegerField()
    title = serializers.CharField(allow_blank=True)
    body = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(choices=InteractionState.values)
    state_text = serializers.CharField(allow_blank=True)
    buttons = CardButtonShown(many=True)
    created_at = Moment()
    seen = serializers.BooleanField()
    notice = serializers.CharField(allow_blank=True)
    fields = CardFieldShown(many=True)  # type: ignore[assignment]


class CardAnswered(serializers.Serializer[Any]):
    card = CardShown()


class DifferenceShown(serializers.Serializer[Any]):
    name = serializers.CharField()
    before = serializers.CharField(allow_blank=True)
    after = serializers.CharField(allow_blank=True)
    label = serializers.CharField()  # type: ignore[assignment]


class AnswerRefused(ErrorAnswer):
    """409: somebody decided it first, or what mattered has changed (`changed`: as seen, as it is now)."""

    changed = DifferenceShown(many=True, required=False)
    card = CardShown(required=False)


class AnswerBody(serializers.Serializer[Any]):
    """`version` is that of the card that was looked at; without it the newest this person was shown."""

    button = serializers.CharField(max_length=60)
    inputs = serializers.DictField(
        child=serializers.CharField(max_length=500, allow_blank=True), required=False, default=dict
    )
    version = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=LARGEST_VERSION
    )


class ReplyBody(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=500)
    version = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=LARGEST_VERSION
    )


class CardId(serializers.UUIDField):
    """A UUID as text; a number is not one, though it could be read as one."""

    def to_internal_value(self, data: Any) -> uuid.UUID:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        found: uuid.UUID = super().to_internal_value(data)
        return found


class SeenBody(serializers.Serializer[Any]):
    ids = serializers.ListField(child=CardId(), max_length=500)


def _cards(user: User, interactions: list[Interaction]) -> list[dict[str, Any]]:
    with generations_held():
        cards = inbox_cards(user, interactions)
    return [dict(CardShown({"notice": "", **card.as_json()}).data) for card in cards]


def _asked(user: User, uid: uuid.UUID) -> Interaction:
    """Raises NotFound for a card this person was not sent."""
    found = inbox_interaction(user, str(uid))
    if found is None:
        raise NotFound(_("There is no such card for you."))
    return found


def _answer(user: User, interaction: Interaction, result: AnswerResult) -> Response:
    """What became of an answer, with the card as it is now."""
    interaction = _asked(user, interaction.uid)
    record = interaction.record
    open_to_answer = record is None or may_answer_record(user, record).allowed
    if result.status == "refused" and not open_to_answer:
        raise PermissionDenied(result.message)
    cards = _cards(user, [interaction])
    body: dict[str, Any] = {"card": cards[0]} if cards else {}
    if result.taken:
        return Response(body)
    body |= {"detail": result.message, "code": result.status}
    if result.status == "invalid":
        return Response({**body, "errors": dict(result.errors)}, status=400)
    if result.changed:
        body["changed"] = [each.as_json() for each in result.changed]
    return Response(body, status=409)


class CardList(ApiView):
    @extend_schema(
        responses={200: CardShown(many=True), 304: None},
        parameters=[OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER)],
        summary="Open cards and those decided in the last 30 days, newest first",
        examples=[OpenApiExample("Low stock", [CARD_EXAMPLE], response_only=True)],
    )
    def get(self, request: Request) -> Response:
        user = reader(request)
        cards = _cards(user, inbox_interactions(user))
        digest = hashlib.blake2b(json.dumps([user.pk, cards]).encode(), digest_size=12).hexdigest()
        etag = f'"{digest}"'
        known = parse_etags(request.headers.get("If-None-Match", ""))
        headers = {
            "ETag": etag,
            "Cache-Control": "private, no-cache",
            "Vary": "Accept-Language, Cookie, Authorization",
        }
        if etag in known or "*" in known:
            return Response(status=304, headers=headers)
        return Response(cards, headers=headers)


class CardOne(ApiView):
    @extend_schema(
        responses=CardShown, summary="One card", examples=[OpenApiExample("Low stock", CARD_EXAMPLE)]
    )
    def get(self, request: Request, uid: uuid.UUID) -> Response:
        user = reader(request)
        cards = _cards(user, [_asked(user, uid)])
        if not cards:
            raise PermissionDenied(_("You may not see this (any more)."))
        return Response(cards[0])


class CardAnswer(ApiView):
    @extend_schema(
        request=AnswerBody,
        responses={200: CardAnswered, 400: AnswerRefused, 409: AnswerRefused},
        summary="Press a button; exactly one answer decides a card",
        examples=[
            OpenApiExample(
                "Order 200",
                {"button": "create_po", "inputs": {"quantity": "200"}, "version": 1},
                request_only=True,
            )
        ],
    )
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        user = reader(request)
        interaction = _asked(user, uid)
        body = read(AnswerBody, request.data)
        given = body.validated_data
        result = answer_submit(
            interaction.pk,
            user,
            given["button"],
            given["inputs"],
            version=given.get("version"),
            channel=BUILT_IN,
        )
        return _answer(user, interaction, result)


class CardReply(ApiView):
    @extend_schema(
        request=ReplyBody,
        responses={200: CardAnswered, 400: AnswerRefused, 409: AnswerRefused},
        summary="Answer in words; not understood is a 400 that says what would be",
        examples=[OpenApiExample("Order 200", {"text": "order 200"}, request_only=True)],
    )
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        user = reader(request)
        interaction = _asked(user, uid)
        body = read(ReplyBody, request.data)
        if not gate_of(Gate(user), interaction, Verb.TOLD).allowed:
            raise PermissionDenied(_("You may not see this (any more)."))
        return _answer(
            user, interaction, content_answer(interaction, user, body.validated_data, channel=BUILT_IN)
        )


class CardsSeen(ApiView):
    @extend_schema(request=SeenBody, responses={204: None}, summary="These cards were looked at")
    def post(self, request: Request) -> Response:
        body = read(SeenBody, request.data)
        cards_seen(reader(request), body.validated_data["ids"])
        return Response(status=204)
