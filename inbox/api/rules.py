"""`rules/`: drafts, publishing, switching. The services decide who may, for admin and API alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from connectors.models import Connection
from inbox.api.base import ApiView, Moment, person, read
from inbox.api.paging import LARGEST_ID, PageQuery, page_answer, page_shape
from inbox.api.schema import ProblemShown
from kernel.errors import ConfigError, Conflict, NotFound, PermissionDenied
from kernel.text import LANGUAGES, Localized
from permissions.models import User
from permissions.objects import may_any, visible_objects
from workflows.engine.stopping import rule_why_stopped, stops_under_way
from workflows.models import Rule, RuleState, RuleStop
from workflows.services.rules import (
    rule_check,
    rule_create,
    rule_edit,
    rule_publish,
    rule_switch_off,
    rule_switch_on,
)

DRAFT = {
    "schema": 1,
    "trigger": {"type": "record", "object": "stock_level", "changes": ["created", "changed"]},
    "condition": {"<": [{"var": "record.on_hand"}, {"var": "record.reorder_level"}]},
    "firing": {"policy": "becomes_true"},
    "steps": [{"action": "send", "params": {"channels": ["inbox"], "recipients": [{"type": "rule_owner"}]}}],
}
EXAMPLE = {
    "key": "low-stock",
    "name": {"en": "Low stock", "zh-hans": "库存不足"},
    "connection": 1,
    "draft": DRAFT,
}


class StoppingShown(serializers.Serializer[Any]):
    """How many of the runs that waited when the rule was stopped have been ended."""

    found = serializers.IntegerField()
    ended = serializers.IntegerField()


class RuleShown(serializers.Serializer[Any]):
    """`draft` is being edited; `published` is the definition in force, whose number is `version`."""

    id = serializers.IntegerField()
    key = serializers.CharField()
    name = serializers.DictField(child=serializers.CharField(allow_blank=True))
    title = serializers.CharField(help_text=gettext_lazy("The name in the reader's language."))
    state = serializers.ChoiceField(choices=RuleState.values)
    state_reason = serializers.CharField(
        allow_blank=True, help_text=gettext_lazy("Why Baton itself stopped the rule.")
    )
    stopping = StoppingShown(
        allow_null=True, help_text=gettext_lazy("The runs being ended after a stop; null when none are.")
    )
    connection = serializers.IntegerField()
    connection_name = serializers.CharField()
    object = serializers.CharField(allow_blank=True)
    owner = serializers.CharField(allow_null=True)
    version = serializers.IntegerField(allow_null=True)
    published = serializers.DictField(allow_null=True)
    draft = serializers.DictField()
    created_at = Moment()
    updated_at = Moment()


class RuleName(serializers.DictField):
    """`{"en": …, "zh-hans": …}`; one of them suffices."""

    child = serializers.CharField(max_length=200)

    def to_internal_value(self, data: Any) -> Any:
        names = super().to_internal_value(data)
        if not names or not set(names) <= set(LANGUAGES):
            raise serializers.ValidationError(
                _("Give the name in one or more of: %(languages)s.") % {"languages": ", ".join(LANGUAGES)}
            )
        return names


class RuleNew(serializers.Serializer[Any]):
    key = serializers.RegexField(r"^[-a-zA-Z0-9_]+$", max_length=80)
    name = RuleName()
    connection = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)
    draft = serializers.DictField()


class RuleChange(serializers.Serializer[Any]):
    name = RuleName(required=False)
    draft = serializers.DictField(required=False)


class RuleDraft(serializers.Serializer[Any]):
    """Without `draft` the stored one is checked."""

    draft = serializers.DictField(required=False)


class PublishNote(serializers.Serializer[Any]):
    note = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class RuleVersionShown(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    published_at = Moment()
    published_by = serializers.CharField(source="published_by.username", allow_null=True)
    note = serializers.CharField(allow_blank=True)
    definition = serializers.DictField()


class ProblemsShown(serializers.Serializer[Any]):
    """Empty: it can be published."""

    problems = ProblemShown(many=True)


def rule_shown(rule: Rule, stopping: RuleStop | None) -> dict[str, Any]:
    values = {
        "id": rule.pk,
        "key": rule.key,
        "name": rule.name,
        "title": str(Localized.from_json(rule.name)) or rule.key,
        "state": rule.state,
        "state_reason": rule_why_stopped(rule),
        "stopping": stopping,
        "connection": rule.connection_id,
        "connection_name": rule.connection.name,
        "object": rule.object,
        "owner": getattr(rule.owner, "username", None),
        "version": rule.current.number if rule.current else None,
        "published": rule.current.definition if rule.current else None,
        "draft": rule.draft,
        "created_at": rule.created_at,
        "updated_at": rule.updated_at,
    }
    return dict(RuleShown(values).data)


def rule_visible(user: User, pk: int) -> Rule:
    """Raises NotFound for one this person may not know of."""
    rule = (
        visible_objects(user, Rule.objects.select_related("connection", "current", "owner"))
        .filter(pk=pk)
        .first()
    )
    if rule is None:
        raise NotFound(_("There is no such rule."))
    return rule


def _one(user: User, pk: int, status: int = 200) -> Response:
    rule = rule_visible(user, pk)
    return Response(rule_shown(rule, stops_under_way([rule]).get(pk)), status=status)


def _all(batch: Sequence[Rule]) -> list[dict[str, Any]]:
    stopping = stops_under_way(batch)
    return [rule_shown(rule, stopping.get(rule.pk)) for rule in batch]


class RuleList(ApiView):
    @extend_schema(parameters=[PageQuery], responses=page_shape(RuleShown), summary="Rules")
    def get(self, request: Request) -> Response:
        query = read(PageQuery, request.query_params)
        rows = visible_objects(person(request), Rule.objects.select_related("connection", "current", "owner"))
        return page_answer(request, rows, _all, query.validated_data)

    @extend_schema(
        request=RuleNew,
        responses={201: RuleShown},
        summary="Make a rule; it does nothing until it is published",
        examples=[OpenApiExample("Low stock", EXAMPLE, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        user = person(request)
        if not may_any(user, "add", Rule):
            raise PermissionDenied(_("You may not make rules."))
        body = read(RuleNew, request.data)
        given = body.validated_data
        connection = visible_objects(user, Connection.objects.all()).filter(pk=given["connection"]).first()
        if connection is None:
            raise ConfigError(_("There is no such connection."))
        try:
            rule = rule_create(
                user, key=given["key"], name=given["name"], connection=connection, draft=given["draft"]
            )
        except IntegrityError as error:
            raise Conflict(_("Another rule has this key. Choose another one.")) from error
        return _one(user, rule.pk, 201)


class RuleOne(ApiView):
    @extend_schema(responses=RuleShown, summary="One rule")
    def get(self, request: Request, pk: int) -> Response:
        return _one(person(request), pk)

    @extend_schema(
        request=RuleChange, responses=RuleShown, summary="Change the draft; what is published stays in force"
    )
    def patch(self, request: Request, pk: int) -> Response:
        user = person(request)
        rule = rule_visible(user, pk)
        body = read(RuleChange, request.data)
        rule_edit(user, rule, name=body.validated_data.get("name"), draft=body.validated_data.get("draft"))
        return _one(user, pk)


class RulePublish(ApiView):
    @extend_schema(
        request=PublishNote, responses=RuleVersionShown, summary="Put the draft in force as a new version"
    )
    def post(self, request: Request, pk: int) -> Response:
        user = person(request)
        rule = rule_visible(user, pk)
        body = read(PublishNote, request.data)
        version = rule_publish(user, rule, note=body.validated_data["note"])
        return Response(RuleVersionShown(version).data)


class RuleCheck(ApiView):
    @extend_schema(
        request=RuleDraft, responses=ProblemsShown, summary="What keeps the draft from being published"
    )
    def post(self, request: Request, pk: int) -> Response:
        rule = rule_visible(person(request), pk)
        body = read(RuleDraft, request.data)
        owner = rule.owner if isinstance(rule.owner, User) else None
        problems = rule_check(rule.connection, body.validated_data.get("draft", rule.draft), owner)
        return Response(ProblemsShown({"problems": problems}).data)


class RuleOff(ApiView):
    @extend_schema(
        request=None,
        responses=RuleShown,
        summary="Stop it: nothing new fires, what waits is ended, open questions are withdrawn",
    )
    def post(self, request: Request, pk: int) -> Response:
        user = person(request)
        rule_switch_off(user, rule_visible(user, pk))
        return _one(user, pk)


class RuleOn(ApiView):
    @extend_schema(request=None, responses=RuleShown, summary="Put the published version back in force")
    def post(self, request: Request, pk: int) -> Response:
        user = person(request)
        rule_switch_on(user, rule_visible(user, pk))
        return _one(user, pk)
