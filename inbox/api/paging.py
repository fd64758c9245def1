"""Pages of a list, newest first, by a cursor on the id.

A row the gate closes is left out after it was read, so a page may hold fewer rows than asked for and still
have a next one: clients follow `next` until it is null.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar

from django.db.models import Model, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from kernel.generation import generations_held

PAGE_ROWS = 50
MOST_ROWS = 200
MOST_SCANNED = 1_000
LARGEST_ID = 2**63 - 1

M = TypeVar("M", bound=Model)
Shown = dict[str, Any]


class PageQuery(serializers.Serializer[Any]):
    """What every list takes. An unknown name is refused: a mistyped filter must not show everything."""

    cursor = serializers.IntegerField(
        required=False, min_value=1, max_value=LARGEST_ID, help_text=_("From `next`: rows before this one.")
    )
    limit = serializers.IntegerField(required=False, min_value=1, max_value=MOST_ROWS, default=PAGE_ROWS)

    def validate(self, attrs: Shown) -> Shown:
        unknown = sorted(set(self.initial_data) - set(self.fields))
        if unknown:
            message = gettext("Unknown filter. Known are: %(names)s.") % {
                "names": ", ".join(sorted(self.fields))
            }
            raise serializers.ValidationError({name: [message] for name in unknown})
        return attrs


class RowFilter(PageQuery):
    """A list with filters: each is an exact match on the field of its name, or on the path in PATHS."""

    PATHS: ClassVar[dict[str, str]] = {}
    after_id = serializers.IntegerField(
        required=False, min_value=0, max_value=LARGEST_ID, help_text=_("Only rows with a larger id.")
    )

    def rows(self, found: QuerySet[M]) -> QuerySet[M]:
        paths = {"after_id": "pk__gt", **self.PATHS}
        wanted = {
            name: value for name, value in self.validated_data.items() if name not in ("cursor", "limit")
        }
        return found.filter(**{paths.get(name, name): value for name, value in wanted.items()})


def page_shape(row: type[serializers.Serializer[Any]]) -> Any:
    """The page's schema: `{"next": address or null, "results": [row]}`."""
    name = row.__name__.removesuffix("Shown")
    fields: dict[str, Any] = {"next": serializers.URLField(allow_null=True), "results": row(many=True)}
    return inline_serializer(f"{name}Page", fields)


def page_answer(
    request: Request, rows: QuerySet[M], show: Callable[[Sequence[M]], Sequence[Shown | None]], query: Shown
) -> Response:
    """One page of `rows`. `show` gives each row as the person may see it, None for one that stays hidden."""
    limit, cursor = query["limit"], query.get("cursor")
    results: list[Shown] = []
    scanned = 0
    more = True
    while more and len(results) < limit and scanned < MOST_SCANNED:
        newest = rows.order_by("-pk") if cursor is None else rows.filter(pk__lt=cursor).order_by("-pk")
        batch = list(newest[: limit + 1])
        more = len(batch) > limit
        batch = batch[:limit]
        with generations_held():
            seen = show(batch)
        for row, shown in zip(batch, seen, strict=True):
            if len(results) == limit:
                more = True
                break
            cursor, scanned = row.pk, scanned + 1
            if shown is not None:
                results.append(shown)
    following = replace_query_param(request.build_absolute_uri(), "cursor", str(cursor)) if more else None
    return Response({"next": following, "results": results})
