"""How the API describes itself: the errors every operation may answer with, written once.

DRF takes declared fields off the class, so a field may have the name of an attribute of its base (`label`,
`fields`); the type checker cannot know that, hence the ignores.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from kernel.text import language_normalise

WITH_BODY = ("POST", "PUT", "PATCH")


class CheckItemShown(serializers.Serializer[Any]):
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    ok = serializers.BooleanField()
    detail = serializers.CharField(allow_blank=True)
    hint = serializers.CharField(allow_blank=True)


class CheckReportShown(serializers.Serializer[Any]):
    """What a connection test tried. `account` is who answered on the other side."""

    ok = serializers.BooleanField()
    account = serializers.CharField(allow_blank=True)
    items = CheckItemShown(many=True)


class BothLanguages(serializers.Serializer[Any]):
    """Words in both languages."""

    def get_fields(self) -> dict[str, Any]:
        return {
            "en": serializers.CharField(allow_blank=True),
            "zh-hans": serializers.CharField(allow_blank=True),
        }


class ProblemShown(serializers.Serializer[Any]):
    pointer = serializers.CharField(allow_blank=True, help_text=_("JSON pointer into the rule's definition."))
    code = serializers.CharField()
    message = serializers.CharField()
    severity = serializers.ChoiceField(
        choices=["error", "warning"], help_text=_("An error keeps the rule from being published.")
    )


class ErrorAnswer(serializers.Serializer[Any]):
    """`detail` is a sentence for a person, `code` a word for a program."""

    detail = serializers.CharField()
    code = serializers.CharField()
    errors = serializers.DictField(  # type: ignore[assignment]
        required=False, help_text=_("Input → what is wrong with it.")
    )
    problems = ProblemShown(many=True, required=False, help_text=_("Why a rule cannot be published."))
    current = serializers.DictField(
        required=False, help_text=_("The draft as somebody else saved it meanwhile.")
    )
    report = CheckReportShown(required=False, help_text=_("The test a connection did not pass."))


ERRORS = {
    "400": "The request cannot be used as it is.",
    "401": "Not signed in, or the token is not valid.",
    "403": "Signed in, but not allowed.",
    "404": "There is no such thing for this person.",
    "409": "Somebody else was first.",
    "413": "The body is larger than 1 MB.",
    "415": "The body is not application/json.",
}


class OnceGenerator(SchemaGenerator):
    """The description is made once per process and language: it is open to anybody and costs half a second."""

    _made: ClassVar[dict[str, Any]] = {}

    def get_schema(self, request: Any = None, public: bool = False) -> Any:
        language = language_normalise(get_language())
        if language not in self._made:
            made = super().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
            self._made[language] = made
        return self._made[language]


class ApiSchema(AutoSchema):
    """Adds the errors that hold for every operation to what the operation itself declares."""

    def get_operation_id(self) -> str:
        parts = [part for part in self.path.removeprefix("/api/v1/").split("/") if part]
        return "_".join(["one" if part.startswith("{") else part for part in parts] + [self.method.lower()])

    def get_description(self) -> str:  # type: ignore[override] # the signature is drf-spectacular's
        """The view's own words; the base view's are about the code."""
        return (type(self.view).__dict__.get("__doc__") or "").strip()

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        wanted = ["400", "401", "403"] + (["404"] if "{" in self.path else [])
        wanted += ["409", "413", "415"] if self.method in WITH_BODY else []
        for code in wanted:
            if code not in bodies:
                answer = self._get_response_for_code(ErrorAnswer, code)  # type: ignore[no-untyped-call]
                bodies[code] = {**answer, "description": ERRORS[code]}
        return bodies
