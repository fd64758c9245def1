"""Starter packs: what they ask, and the draft that the answers make. Nothing is stored."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from inbox.api.base import ApiView, person, read
from inbox.api.catalogue import Offered
from inbox.api.schema import BothLanguages
from workflows.selectors.catalogue import connection_usable
from workflows.selectors.packs import pack_draft, packs_offered


class PackShown(Offered):
    """`questions` is a JSON Schema: each property is a question, its `default` the answer it begins with."""

    key = serializers.CharField()
    label = BothLanguages()  # type: ignore[assignment]
    about = BothLanguages()
    object = serializers.CharField()
    questions = serializers.DictField()


class PacksShown(serializers.Serializer[Any]):
    packs = PackShown(many=True)


class PackAnswers(serializers.Serializer[Any]):
    """A question that is not answered keeps the answer it begins with."""

    answers = serializers.DictField(required=False, default=dict)


class PackDraft(serializers.Serializer[Any]):
    name = BothLanguages()
    draft = serializers.DictField()


class PackList(ApiView):
    @extend_schema(responses=PacksShown, summary="The starter packs of a connection")
    def get(self, request: Request, connection: int) -> Response:
        user = person(request)
        return Response(PacksShown({"packs": packs_offered(user, connection_usable(user, connection))}).data)


class PackOne(ApiView):
    @extend_schema(
        request=PackAnswers,
        responses=PackDraft,
        summary="The draft a starter pack makes of these answers; nothing is stored",
        examples=[OpenApiExample("amount", {"answers": {"amount": 20000}}, request_only=True)],
    )
    def post(self, request: Request, connection: int, key: str) -> Response:
        connection_usable(person(request), connection)
        name, draft = pack_draft(key, read(PackAnswers, request.data).validated_data["answers"])
        return Response(PackDraft({"name": name, "draft": draft}).data)
