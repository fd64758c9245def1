"""Published versions of a rule: publishing, looking at them, what is different, going back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from inbox.api.base import ApiView, Moment, person, read
from inbox.api.paging import PageQuery, page_answer, page_shape
from inbox.api.rules import rule_visible
from inbox.api.schema import BothLanguages
from kernel.errors import NotFound
from workflows.differences import definition_differences
from workflows.models import Rule, RuleVersion
from workflows.sentence import rule_sentence
from workflows.services.rules import rule_publish, rule_roll_back

LARGEST_NUMBER = 2**31 - 1


class PublishNote(serializers.Serializer[Any]):
    note = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class RollBack(PublishNote):
    number = serializers.IntegerField(min_value=1, max_value=LARGEST_NUMBER)


class RuleVersionShown(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    published_at = Moment()
    published_by = serializers.CharField(allow_null=True)
    note = serializers.CharField(allow_blank=True)
    in_force = serializers.BooleanField()
    sentence = BothLanguages()
    definition = serializers.DictField()


class Compared(serializers.CharField):
    """A version number, or `draft`."""

    def to_internal_value(self, data: Any) -> str:
        text: str = super().to_internal_value(data)
        if text != "draft" and not (text.isascii() and text.isdigit() and int(text) <= LARGEST_NUMBER):
            raise serializers.ValidationError(_("Give the number of a version, or “draft”."))
        return text


class DifferenceQuery(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return {
            "from": Compared(max_length=10),
            "to": Compared(max_length=10, required=False, default="draft"),
        }


class RuleDifferenceShown(serializers.Serializer[Any]):
    pointer = serializers.CharField()
    change = serializers.ChoiceField(choices=["added", "removed", "changed"])
    message = serializers.CharField()


class SideShown(serializers.Serializer[Any]):
    name = serializers.CharField()
    sentence = BothLanguages()
    definition = serializers.DictField()


class DifferencesShown(serializers.Serializer[Any]):
    """Both sides, and one sentence for each difference."""

    before = SideShown()
    after = SideShown()
    differences = RuleDifferenceShown(many=True)


def version_shown(rule: Rule, version: RuleVersion) -> dict[str, Any]:
    values = {
        "number": version.number,
        "published_at": version.published_at,
        "published_by": getattr(version.published_by, "username", None),
        "note": version.note,
        "in_force": version.pk == rule.current_id,
        "sentence": rule_sentence(rule, version.definition).as_json(),
        "definition": version.definition,
    }
    return dict(RuleVersionShown(values).data)


def _version(rule: Rule, number: int) -> RuleVersion:
    version = rule.versions.select_related("published_by").filter(number=number).first()
    if version is None:
        raise NotFound(_("There is no version %(number)s.") % {"number": number})
    return version


class RulePublish(ApiView):
    @extend_schema(
        request=PublishNote, responses=RuleVersionShown, summary="Put the draft in force as a new version"
    )
    def post(self, request: Request, pk: int) -> Response:
        user = person(request)
        rule = rule_visible(user, pk)
        body = read(PublishNote, request.data)
        version = rule_publish(user, rule, note=body.validated_data["note"])
        return Response(version_shown(rule, version))


class VersionList(ApiView):
    @extend_schema(
        parameters=[PageQuery], responses=page_shape(RuleVersionShown), summary="Published versions"
    )
    def get(self, request: Request, pk: int) -> Response:
        rule = rule_visible(person(request), pk)
        query = read(PageQuery, request.query_params)

        def show(batch: Sequence[RuleVersion]) -> list[dict[str, Any]]:
            return [version_shown(rule, version) for version in batch]

        rows = rule.versions.select_related("published_by")
        return page_answer(request, rows, show, query.validated_data)


class VersionOne(ApiView):
    @extend_schema(responses=RuleVersionShown, summary="One published version")
    def get(self, request: Request, pk: int, number: int) -> Response:
        rule = rule_visible(person(request), pk)
        return Response(version_shown(rule, _version(rule, number)))


class RuleDifferences(ApiView):
    @extend_schema(
        parameters=[DifferenceQuery], responses=DifferencesShown, summary="What is different, in sentences"
    )
    def get(self, request: Request, pk: int) -> Response:
        rule = rule_visible(person(request), pk)
        query = read(DifferenceQuery, request.query_params).validated_data
        before, after = _definition(rule, query["from"]), _definition(rule, query["to"])
        found = {
            "before": _side(rule, query["from"], before),
            "after": _side(rule, query["to"], after),
            "differences": definition_differences(rule, before, after),
        }
        return Response(DifferencesShown(found).data)


def _definition(rule: Rule, name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = rule.draft if name == "draft" else _version(rule, int(name)).definition
    return found


def _side(rule: Rule, name: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "sentence": rule_sentence(rule, raw).as_json(), "definition": raw}


class RuleRollBack(ApiView):
    @extend_schema(
        request=RollBack,
        responses=RuleVersionShown,
        summary="Put what an earlier version said in force again",
    )
    def post(self, request: Request, pk: int) -> Response:
        user = person(request)
        rule = rule_visible(user, pk)
        body = read(RollBack, request.data).validated_data
        return Response(version_shown(rule, rule_roll_back(user, rule, body["number"], note=body["note"])))
