"""`rules/{id}/shares/` and `connections/{id}/shares/`: with whom it is shared, giving and taking back."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from inbox.api.base import ApiView, person, read
from inbox.api.connections import connection_visible
from inbox.api.rules import rule_visible
from kernel.errors import PermissionDenied
from permissions.models import User
from permissions.services.sharing import holder_find, may_share, share_set, shares_of


class ShareAsked(serializers.Serializer[Any]):
    """`person` or `role`. An empty `level` takes it back."""

    person = serializers.CharField(required=False, max_length=150, help_text=gettext_lazy("The user name."))
    role = serializers.CharField(required=False, max_length=150)
    level = serializers.ChoiceField(choices=["view", "edit", "publish", "use", "operate"], allow_blank=True)


class ShareShown(serializers.Serializer[Any]):
    name = serializers.CharField()
    is_role = serializers.BooleanField()
    level = serializers.CharField(allow_blank=True)


class SharesShown(serializers.Serializer[Any]):
    shares = ShareShown(many=True)


def _answer(user: User, obj: models.Model) -> Response:
    if not may_share(user, obj):
        raise PermissionDenied(_("You may not share this."))
    return Response(dict(SharesShown({"shares": shares_of(obj)}).data))


def _set(request: Request, obj: models.Model) -> Response:
    asked = read(ShareAsked, request.data).validated_data
    user = person(request)
    if not may_share(user, obj):  # before a name is looked up
        raise PermissionDenied(_("You may not share this."))
    holder = holder_find(person=asked.get("person", ""), role=asked.get("role", ""))
    share_set(user, obj, holder, asked["level"])
    return _answer(user, obj) if may_share(user, obj) else Response({"shares": []})


class RuleShares(ApiView):
    @extend_schema(responses=SharesShown, summary="With whom a rule is shared")
    def get(self, request: Request, pk: int) -> Response:
        return _answer(person(request), rule_visible(person(request), pk))

    @extend_schema(request=ShareAsked, responses=SharesShown, summary="Share a rule")
    def post(self, request: Request, pk: int) -> Response:
        return _set(request, rule_visible(person(request), pk))


class ConnectionShares(ApiView):
    @extend_schema(responses=SharesShown, summary="With whom a connection is shared")
    def get(self, request: Request, pk: int) -> Response:
        return _answer(person(request), connection_visible(person(request), pk))

    @extend_schema(request=ShareAsked, responses=SharesShown, summary="Share a connection")
    def post(self, request: Request, pk: int) -> Response:
        return _set(request, connection_visible(person(request), pk))
