"""`rules/`: drafts, publishing, switching. The services decide who may, for admin and API alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
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
from workflows.services.checks_history import rule_review
from workflows.services.drafts import rule_create, rule_edit
from workflows.services.rules import rule_switch_off, rule_switch_on

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
    """`draft` is being edited; `published` is the definition in force, whose number is `version`.

    `draft_number` grows with every save; `may` is what the reader may do with the rule.
    """

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
    draft_number = serializers.IntegerField()
    edited_by = serializers.CharField(allow_null=True)
    edited_at = Moment(allow_null=True)
    tags = serializers.ListField(child=serializers.CharField())
    may = serializers.ListField(child=serializers.CharField())
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


class RuleKey(serializers.RegexField):
    def __init__(self, **options: Any) -> None:
        super().__init__(r"^[-a-zA-Z0-9_]+$", max_length=80, **options)


class RuleNew(serializers.Serializer[Any]):
    """Without `key` or `name` they are made up."""

    key = RuleKey(required=False)
    name = RuleName(required=False)
    connection = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)
    draft = serializers.DictField()


class RuleChange(serializers.Serializer[Any]):
    """With `draft_number` it is refused when somebody else has saved the draft meanwhile."""

    name = RuleName(required=False)
    draft = serializers.DictField(required=False)
    draft_number = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1)
    tags = serializers.ListField(required=False, child=serializers.CharField(max_length=40), max_length=20)


class RuleFilter(PageQuery):
    tag = serializers.CharField(required=False, max_length=40)
    state = serializers.ChoiceField(required=False, choices=RuleState.values)
    connection = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)


class RuleDraft(serializers.Serializer[Any]):
    """Without `draft` the stored one is checked."""

    draft = serializers.DictField(required=False)


class ProblemsShown(serializers.Serializer[Any]):
    """Empty: it can be published."""

    problems = ProblemShown(many=True)


def rules_shown(user: User, rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """The rules as they are answered; two queries tell what this person may do with all of them."""
    stopping = stops_under_way(rules)
    able = {
        action: set(
            visible_objects(
                user, Rule.objects.filter(pk__in=[each.pk for each in rules]), action
            ).values_list("pk", flat=True)
        )
        for action in ("change", "publish")
    }
    return [
        _shown(rule, stopping.get(rule.pk), [action for action, keys in able.items() if rule.pk in keys])
        for rule in rules
    ]


def _shown(rule: Rule, stopping: RuleStop | None, may: list[str]) -> dict[str, Any]:
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
        "draft_number": rule.draft_number,
        "edited_by": getattr(rule.edited_by, "username", None),
        "edited_at": rule.edited_at,
        "tags": [each.name for each in rule.tags.all()],
        "may": may,
        "created_at": rule.created_at,
        "updated_at": rule.updated_at,
    }
    return dict(RuleShown(values).data)


def rules_rows(user: User) -> QuerySet[Rule]:
    related = Rule.objects.select_related("connection", "current", "owner", "edited_by")
    return visible_objects(user, related.prefetch_related("tags"))


def rule_visible(user: User, pk: int) -> Rule:
    """Raises NotFound for one this person may not know of."""
    rule = rules_rows(user).filter(pk=pk).first()
    if rule is None:
        raise NotFound(_("There is no such rule."))
    return rule


def rule_answer(user: User, pk: int, status: int = 200) -> Response:
    return Response(rules_shown(user, [rule_visible(user, pk)])[0], status=status)


def usable_connection(user: User, pk: int) -> Connection:
    """Raises ConfigError for one this person may not know of."""
    connection = visible_objects(user, Connection.objects.all()).filter(pk=pk).first()
    if connection is None:
        raise ConfigError(_("There is no such connection."))
    return connection


@contextmanager
def key_is_free() -> Iterator[None]:
    """Raises Conflict where the key of a new rule is taken."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise Conflict(_("Another rule has this key. Choose another one.")) from error


class RuleList(ApiView):
    @extend_schema(parameters=[RuleFilter], responses=page_shape(RuleShown), summary="Rules")
    def get(self, request: Request) -> Response:
        query = read(RuleFilter, request.query_params)
        user = person(request)
        rows = rules_rows(user)
        for name, path in (("tag", "tags__name"), ("state", "state"), ("connection", "connection_id")):
            if name in query.validated_data:
                rows = rows.filter(**{path: query.validated_data[name]})

        def show(batch: Sequence[Rule]) -> list[dict[str, Any]]:
            return rules_shown(user, batch)

        return page_answer(request, rows, show, query.validated_data)

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
        given = read(RuleNew, request.data).validated_data
        given["connection"] = usable_connection(user, given["connection"])
        with key_is_free():
            rule = rule_create(user, **given)
        return rule_answer(user, rule.pk, 201)


class RuleOne(ApiView):
    @extend_schema(responses=RuleShown, summary="One rule")
    def get(self, request: Request, pk: int) -> Response:
        return rule_answer(person(request), pk)

    @extend_schema(
        request=RuleChange, responses=RuleShown, summary="Change the draft; what is published stays in force"
    )
    def patch(self, request: Request, pk: int) -> Response:
        user = person(request)
        rule = rule_visible(user, pk)
        rule_edit(user, rule, **read(RuleChange, request.data).validated_data)
        return rule_answer(user, pk)


class RuleCheck(ApiView):
    @extend_schema(
        request=RuleDraft, responses=ProblemsShown, summary="What speaks against publishing the draft"
    )
    def post(self, request: Request, pk: int) -> Response:
        user = person(request)
        rule = rule_visible(user, pk)
        body = read(RuleDraft, request.data)
        problems = rule_review(user, rule, body.validated_data.get("draft", rule.draft))
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
        return rule_answer(user, pk)


class RuleOn(ApiView):
    @extend_schema(request=None, responses=RuleShown, summary="Put the published version back in force")
    def post(self, request: Request, pk: int) -> Response:
        user = person(request)
        rule_switch_on(user, rule_visible(user, pk))
        return rule_answer(user, pk)
