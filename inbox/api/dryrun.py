"""Trying a rule on one event: nothing is sent, nothing is stored."""

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
from workflows.definition import CHANGES
from workflows.services.dryrun import HIDDEN, Asked, DryRun, rule_dry_run

VERDICTS = ["true", "false", "unknown", HIDDEN]


class DryRunAsked(serializers.Serializer[Any]):
    """Either a recorded `event`, or typed `values`. Without `draft` the stored one is tried."""

    draft = serializers.DictField(required=False)
    event = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    values = serializers.DictField(required=False)
    before = serializers.DictField(required=False)
    change = serializers.ChoiceField(required=False, default="changed", choices=CHANGES)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("event" in attrs) == ("values" in attrs):
            raise serializers.ValidationError({"event": [_("Choose an event, or type values.")]})
        return attrs


class ValueShown(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    value = serializers.CharField(allow_blank=True)
    masked = serializers.BooleanField()


class RecordTried(serializers.Serializer[Any]):
    title = serializers.CharField(allow_blank=True)
    fields = ValueShown(many=True)  # type: ignore[assignment]


class TriggerTried(serializers.Serializer[Any]):
    takes = serializers.BooleanField()


class PersonTold(serializers.Serializer[Any]):
    username = serializers.CharField()
    name = serializers.CharField()
    purpose = serializers.CharField()
    masked = serializers.ListField(child=serializers.CharField())


class MessageDrawn(serializers.Serializer[Any]):
    """`message` is the card; `payload` what the messenger is sent, `degraded` what it cannot show."""

    step = serializers.CharField()
    username = serializers.CharField()
    name = serializers.CharField()
    channel = serializers.CharField()
    connector = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    message = serializers.DictField()
    payload = serializers.DictField()
    degraded = serializers.ListField(child=serializers.CharField())


class MemberJudged(serializers.Serializer[Any]):
    name = serializers.CharField()
    verdict = serializers.CharField()
    words = serializers.CharField()


class GroupDrawn(serializers.Serializer[Any]):
    """A group chat: `plan` is send, mask, split, link or block; `message` what the chat would be shown, if anything."""

    step = serializers.CharField()
    chat = serializers.CharField()
    name = serializers.CharField()
    plan = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    why = serializers.CharField()
    members_at = serializers.CharField(allow_blank=True)
    members = MemberJudged(many=True)
    message = serializers.DictField(allow_null=True)


class ElsewhereDrawn(serializers.Serializer[Any]):
    connector = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    payload = serializers.DictField()
    degraded = serializers.ListField(child=serializers.CharField())


class ButtonFollows(serializers.Serializer[Any]):
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    follows = serializers.ListField(child=serializers.CharField())


class ActShown(serializers.Serializer[Any]):
    """One action in the order it would come; `text` is what it would decide now."""

    step = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    words = serializers.CharField()
    text = serializers.CharField(allow_blank=True)


class DryRunShown(serializers.Serializer[Any]):
    """`text` says why it would fire, or why not; see docs/api.md."""

    change = serializers.CharField()
    record = RecordTried()
    trigger = TriggerTried()
    condition = serializers.DictField(allow_null=True)
    verdict = serializers.ChoiceField(choices=VERDICTS)
    fires = serializers.BooleanField()
    text = serializers.CharField()
    acts = ActShown(many=True)
    people = PersonTold(many=True)
    messages = MessageDrawn(many=True)
    groups = GroupDrawn(many=True)
    elsewhere = ElsewhereDrawn(many=True)
    buttons = ButtonFollows(many=True)
    notes = serializers.ListField(child=serializers.CharField())


def _shown(done: DryRun) -> dict[str, Any]:
    preview = done.preview
    return {
        "change": done.found.change,
        "record": {"title": done.record.title, "fields": [each.as_json() for each in done.record.fields()]},
        "trigger": {"takes": done.takes},
        "condition": done.condition.as_json() if done.condition is not None else None,
        "verdict": done.verdict,
        "fires": done.fires,
        "text": done.text,
        "acts": [vars(each) for each in preview.acts],
        "people": [vars(each) for each in preview.people],
        "messages": [
            {
                **vars(each),
                "message": each.message.as_json(),
                "payload": each.rendered.payload,
                "degraded": each.rendered.degraded,
            }
            for each in preview.messages
        ],
        "groups": [
            {**vars(each), "message": each.message.as_json() if each.message is not None else None}
            for each in preview.groups
        ],
        "elsewhere": [
            {**vars(each), "payload": each.rendered.payload, "degraded": each.rendered.degraded}
            for each in preview.elsewhere
        ],
        "buttons": [vars(each) for each in preview.buttons],
        "notes": preview.notes,
    }


class RuleDryRun(ApiView):
    @extend_schema(
        request=DryRunAsked, responses=DryRunShown, summary="What would happen; nothing is sent or stored"
    )
    def post(self, request: Request, pk: int) -> Response:
        user = person(request)
        rule = rule_visible(user, pk)
        body = read(DryRunAsked, request.data).validated_data
        raw = body.pop("draft", rule.draft)
        return Response(DryRunShown(_shown(rule_dry_run(user, rule, raw, Asked(**body)))).data)
