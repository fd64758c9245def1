"""Reading a request body: bounded JSON without anything a database or an encoder chokes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

MOST_BYTES = 1_048_576
MOST_DEPTH = 64


class BodyTooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = gettext_lazy("The body is larger than 1 MB.")
    default_code = "too_large"


def _constant_refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _text_check(text: str) -> None:
    if "\x00" in text or any("\ud800" <= each <= "\udfff" for each in text):
        raise ParseError(
            _("The body holds a character that cannot be stored (NUL or half of a surrogate pair).")
        )


def _walk(value: Any, left: int) -> None:
    if isinstance(value, str):
        _text_check(value)
    elif isinstance(value, dict | list):
        if left == 0:
            raise ParseError(_("The JSON is nested more than %(most)d levels deep.") % {"most": MOST_DEPTH})
        for inner in value:
            _walk(inner, left - 1)
        if isinstance(value, dict):
            for inner in value.values():
                _walk(inner, left - 1)


class JsonBody(BaseParser):
    """One JSON object of at most MOST_BYTES and MOST_DEPTH levels. Raises ParseError or BodyTooLarge."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        raw = stream.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise BodyTooLarge
        try:
            value = json.loads(raw.decode("utf-8-sig"), parse_constant=_constant_refuse)
        except (ValueError, RecursionError) as error:
            raise ParseError(_("The body is not JSON: %(reason)s") % {"reason": str(error)[:200]}) from error
        if not isinstance(value, dict):
            raise ParseError(_("Send one JSON object."))
        _walk(value, MOST_DEPTH)
        return value
