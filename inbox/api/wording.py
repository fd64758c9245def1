"""A rule's sentence edited as text: the draft it means, several to choose from, or the word that is not understood."""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from inbox.api.base import ApiView, person, read
from inbox.api.rules import rule_visible
from workflows.sentence import rule_sentence
from workflows.services.wording import MOST_LETTERS, NotUnderstood, sentence_read


class TextAsked(serializers.Serializer[Any]):
    """`text` in the language of the request; without `draft` the stored one is what it was made from."""

    text = serializers.CharField(max_length=MOST_LETTERS)
    draft = serializers.DictField(required=False)


class MeaningShown(serializers.Serializer[Any]):
    sentence = serializers.CharField()
    draft = serializers.DictField()


class NotUnderstoodShown(serializers.Serializer[Any]):
    """`start` and `end` count UTF-16 units, as a browser's text fields do."""

    start = serializers.IntegerField()
    end = serializers.IntegerField()
    message = serializers.CharField()
    expected = serializers.ListField(child=serializers.CharField())


class MeaningsShown(serializers.Serializer[Any]):
    """One meaning: that is it. Several: the person chooses. None: `problem` says where and why."""

    meanings = MeaningShown(many=True)
    problem = NotUnderstoodShown(allow_null=True)


class RuleText(ApiView):
    @extend_schema(
        request=TextAsked,
        responses=MeaningsShown,
        summary="The draft that a sentence means; nothing is stored",
        examples=[
            OpenApiExample("text", {"text": "When a stock level record in Demo ERP is …"}, request_only=True)
        ],
    )
    def post(self, request: Request, pk: int) -> Response:
        rule = rule_visible(person(request), pk)
        body = read(TextAsked, request.data).validated_data
        language = get_language() or "en"
        found = sentence_read(rule, body.get("draft", rule.draft), body["text"], language)
        meanings = [
            {"sentence": rule_sentence(rule, each).in_language(language), "draft": each}
            for each in found.definitions
        ]
        problem = _shown(found.problem, body["text"]) if found.problem else None
        return Response(MeaningsShown({"meanings": meanings, "problem": problem}).data)


def _shown(problem: NotUnderstood, text: str) -> dict[str, Any]:
    def units(letters: int) -> int:
        return len(text[:letters].encode("utf-16-le")) // 2

    return {**vars(problem), "start": units(problem.start), "end": units(problem.end)}
