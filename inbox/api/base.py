"""What every API view has in common: JSON in and out, the person, the person's language, one schema."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from copy import copy
from typing import Any, TypeVar, cast

from django.http import QueryDict
from django.utils import translation
from rest_framework import serializers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from inbox.api.body import JsonBody
from inbox.api.schema import ApiSchema
from kernel.text import language_normalise
from permissions.models import User

S = TypeVar("S", bound=serializers.Serializer[Any])


class JsonOnly(BaseContentNegotiation):
    """Answers JSON whatever the client says it prefers: there is nothing else."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        announced = (request.content_type or "").partition(";")[0].strip().lower()
        return next((each for each in parsers if each.media_type == announced), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)


class ApiView(APIView):
    """Base of every view under /api/v1/."""

    parser_classes = (JsonBody,)
    content_negotiation_class = JsonOnly
    schema = ApiSchema()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.auth is not None and "Accept-Language" not in request.headers:
            translation.activate(person(request).language)


def person(request: Request) -> User:
    """Who asks. Only in views that require somebody signed in."""
    return cast(User, request.user)


def reader(request: Request) -> User:
    """Who asks, reading in the language of this request: a choice made in the browser goes first."""
    found = copy(person(request))
    found.language = language_normalise(translation.get_language())
    return found


def read(shape: type[S], data: Any) -> S:
    """What was sent, checked against `shape`. Raises ValidationError naming what is wrong.

    Query parameters are taken as plain values: an empty filter is a wrong one, not one left out.
    """
    found = shape(data=data.dict() if isinstance(data, QueryDict) else data)
    found.is_valid(raise_exception=True)
    return found


class Moment(serializers.DateTimeField):
    """A time in UTC, ISO 8601."""

    def __init__(self, **options: Any) -> None:
        super().__init__(default_timezone=dt.UTC, **options)
