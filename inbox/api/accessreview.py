"""`access-review/`: which fields of which objects left the ERP to whom, by which rule, month by month. No values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from inbox.api.base import ApiView, Moment, person, read
from inbox.api.paging import LARGEST_ID, RowFilter, page_answer, page_shape
from inbox.api.schema import ErrorAnswer
from kernel.errors import NotFound, PermissionDenied
from permissions.models import Grant
from permissions.objects import may_any
from permissions.services.signing import grant_end, signature_sign, signature_withdraw
from workflows.models import DisclosureMonth
from workflows.selectors.disclosed import Line, lines_of, visible_disclosures


class ReviewFilter(RowFilter):
    PATHS = {
        "connection": "connection__slug",
        "channel": "channel__slug",
        "user": "user__username",
        "rule": "rule__key",
    }
    month = serializers.DateField(required=False, help_text=gettext_lazy("Its first day: 2026-10-01."))
    connection = serializers.CharField(required=False, max_length=60)
    channel = serializers.CharField(required=False, max_length=60)
    object = serializers.CharField(required=False, max_length=60)
    field = serializers.CharField(required=False, max_length=60)
    user = serializers.CharField(required=False, max_length=150)
    rule = serializers.CharField(required=False, max_length=80)


class DisclosureShown(serializers.Serializer[Any]):
    """`shown` counts messages with the value, `hidden` those where the gate hid it. `signature`: null while unsigned."""

    id = serializers.IntegerField()
    month = serializers.DateField()
    connection = serializers.CharField()
    object = serializers.CharField()
    field = serializers.CharField()
    field_class = serializers.CharField()
    rule = serializers.CharField()
    user = serializers.CharField()
    channel = serializers.CharField()
    shown = serializers.IntegerField()
    hidden = serializers.IntegerField()
    first_at = Moment()
    last_at = Moment()
    signature = serializers.IntegerField(allow_null=True)
    signed_by = serializers.CharField(allow_null=True)


class SignQuestion(serializers.Serializer[Any]):
    """Signs a line for its person, or for a role of theirs; `everywhere`: for every messenger."""

    line = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)
    role = serializers.CharField(required=False, max_length=150)
    everywhere = serializers.BooleanField(default=False)


class SignatureShown(serializers.Serializer[Any]):
    id = serializers.IntegerField()


def _shown(line: Line) -> dict[str, Any]:
    row, signature = line.row, line.signature
    values = {name: getattr(row, name) for name in ("month", "object", "field", "shown", "hidden")}
    values |= {
        "id": row.pk,
        "connection": row.connection.slug,
        "channel": row.channel.slug,
        "field_class": line.field_class.value,
        "rule": row.rule.key,
        "user": row.user.get_username(),
        "first_at": row.first_at,
        "last_at": row.last_at,
        "signature": signature.pk if signature is not None else None,
        "signed_by": signature.signed_by.get_username() if signature is not None else None,
    }
    return dict(DisclosureShown(values).data)


class ReviewList(ApiView):
    @extend_schema(parameters=[ReviewFilter], responses=page_shape(DisclosureShown), summary="Access review")
    def get(self, request: Request) -> Response:
        if not may_any(person(request), "view", Grant):
            raise PermissionDenied(_("The access review is for data owners and auditors."))
        query = read(ReviewFilter, request.query_params)
        rows = visible_disclosures(person(request)).select_related("rule", "user", "channel", "connection")

        def show(batch: Sequence[DisclosureMonth]) -> list[dict[str, Any] | None]:
            return [_shown(line) for line in lines_of(batch)]

        return page_answer(request, query.rows(rows), show, query.validated_data)


class ReviewSign(ApiView):
    @extend_schema(
        request=SignQuestion, responses={201: SignatureShown, 404: ErrorAnswer}, summary="Sign a line"
    )
    def post(self, request: Request) -> Response:
        actor = person(request)
        asked = read(SignQuestion, request.data).validated_data
        row = visible_disclosures(actor).filter(pk=asked["line"]).select_related("user", "channel").first()
        if row is None:
            raise NotFound(_("There is no such line among those you may see."))
        role = asked.get("role")
        holder = row.user.groups.filter(name=role).first() if role else row.user
        if holder is None:
            raise NotFound(_("The person has no such role."))
        (line,) = lines_of([row])
        channel = None if asked["everywhere"] else row.channel
        made = signature_sign(actor, holder, row.object, line.field_class.value, channel)
        return Response({"id": made.pk}, status=201)


class SignatureWithdraw(ApiView):
    @extend_schema(request=None, responses={204: None}, summary="Withdraw a signature")
    def post(self, request: Request, pk: int) -> Response:
        signature_withdraw(person(request), pk)
        return Response(status=204)


class GrantEnd(ApiView):
    @extend_schema(request=None, responses={204: None}, summary="End a grant now")
    def post(self, request: Request, pk: int) -> Response:
        grant_end(person(request), pk)
        return Response(status=204)
