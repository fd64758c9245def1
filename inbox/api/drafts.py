"""What else is done with drafts: their sentence, copies, another owner."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from inbox.api.base import ApiView, person, read
from inbox.api.paging import LARGEST_ID
from inbox.api.rules import (
    RuleKey,
    RuleName,
    RuleShown,
    key_is_free,
    rule_answer,
    rule_visible,
    usable_connection,
)
from inbox.api.schema import BothLanguages
from kernel.errors import ConfigError
from permissions.models import User
from workflows.models import Rule
from workflows.sentence import rule_sentence
from workflows.services.drafts import rule_duplicate, rule_hand_over


class SentenceAsked(serializers.Serializer[Any]):
    connection = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)
    draft = serializers.DictField()


class RuleCopy(serializers.Serializer[Any]):
    key = RuleKey(required=False)
    name = RuleName(required=False)


class NewOwner(serializers.Serializer[Any]):
    username = serializers.CharField(max_length=150)


class RuleSentence(ApiView):
    @extend_schema(
        request=SentenceAsked,
        responses=BothLanguages,
        summary="A draft as a sentence, also while it is incomplete",
    )
    def post(self, request: Request) -> Response:
        body = read(SentenceAsked, request.data).validated_data
        connection = usable_connection(person(request), body["connection"])
        return Response(rule_sentence(Rule(connection=connection), body["draft"]).as_json())


class RuleDuplicate(ApiView):
    @extend_schema(
        request=RuleCopy, responses={201: RuleShown}, summary="A new draft with the same definition"
    )
    def post(self, request: Request, pk: int) -> Response:
        user = person(request)
        rule = rule_visible(user, pk)
        body = read(RuleCopy, request.data).validated_data
        with key_is_free():
            made = rule_duplicate(user, rule, **body)
        return rule_answer(user, made.pk, 201)


class RuleOwner(ApiView):
    @extend_schema(request=NewOwner, responses=RuleShown, summary="Hand the rule over to somebody else")
    def post(self, request: Request, pk: int) -> Response:
        user = person(request)
        rule = rule_visible(user, pk)
        username = read(NewOwner, request.data).validated_data["username"]
        owner = User.objects.filter(username=username, is_active=True).first()
        if owner is None:
            raise ConfigError(
                _("There is no active person “%(name)s”. Choose somebody else.") % {"name": username}
            )
        rule_hand_over(user, rule, owner)
        return rule_answer(user, pk)
