"""Back-tests of a rule: asking for one, its progress and figures, what it would have sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from connectors.models import Event
from inbox.api.base import ApiView, Moment, person, read
from inbox.api.paging import PageQuery, page_answer, page_shape
from inbox.api.rules import rule_visible
from kernel.errors import NotFound
from permissions.models import User
from permissions.policies import Gate
from workflows.models import BackTest, BackTestHit, BackTestState
from workflows.selectors import event_view
from workflows.services.backtests import MOST_DAYS, backtest_cancel, backtest_start, backtests_of

SIDES = ["draft", "published"]
SHOWN = ("id", "state", "reason", "days", "total", "done", "since", "asked_at", "ended_at")


class BackTestAsked(serializers.Serializer[Any]):
    """Without `draft` the stored one is tested."""

    days = serializers.IntegerField(min_value=1, max_value=MOST_DAYS)
    draft = serializers.DictField(required=False)


class BackTestShown(serializers.Serializer[Any]):
    """`since`: from when on the object is recorded. `summary` is there once it is done, see docs/api.md."""

    id = serializers.IntegerField()
    state = serializers.ChoiceField(choices=BackTestState.values)
    reason = serializers.CharField(allow_blank=True)
    days = serializers.IntegerField()
    total = serializers.IntegerField()
    done = serializers.IntegerField()
    since = Moment(allow_null=True)
    asked_at = Moment()
    ended_at = Moment(allow_null=True)
    summary = serializers.DictField(allow_null=True)


class HitQuery(PageQuery):
    side = serializers.ChoiceField(required=False, default="draft", choices=SIDES)


class HitShown(serializers.Serializer[Any]):
    """One message it would have sent; without `username` it fired and nobody could be told."""

    event = serializers.IntegerField()
    at = Moment()
    key = serializers.CharField()
    title = serializers.CharField(allow_blank=True)
    step = serializers.CharField()
    username = serializers.CharField(allow_null=True)
    name = serializers.CharField(allow_null=True)
    channel = serializers.CharField(allow_null=True)


def backtest_shown(row: BackTest) -> dict[str, Any]:
    summary = {**row.summary, "text": _text(row.summary)} if row.summary is not None else None
    values = {name: getattr(row, name) for name in SHOWN}
    return dict(BackTestShown({**values, "summary": summary}).data)


def _text(summary: dict[str, Any]) -> list[str]:
    """The difference to the published version, a sentence a person."""
    sentences = []
    for each in summary["people"]:
        if each["difference"]:
            words = _("%(count)s messages for %(person)s compared with the published version")
            sentences.append(words % {"count": f"{each['difference']:+d}", "person": each["name"]})
    return sentences


def _one(user: User, pk: int, number: int) -> BackTest:
    row = backtests_of(user, rule_visible(user, pk)).filter(pk=number).first()
    if row is None:
        raise NotFound(_("There is no such back-test."))
    return row


class BackTestList(ApiView):
    @extend_schema(
        parameters=[PageQuery], responses=page_shape(BackTestShown), summary="One's own back-tests"
    )
    def get(self, request: Request, pk: int) -> Response:
        user = person(request)
        rule = rule_visible(user, pk)
        query = read(PageQuery, request.query_params)

        def show(batch: Sequence[BackTest]) -> list[dict[str, Any]]:
            return [backtest_shown(row) for row in batch]

        return page_answer(request, backtests_of(user, rule), show, query.validated_data)

    @extend_schema(
        request=BackTestAsked,
        responses={201: BackTestShown},
        summary="Replay the recorded events of some days",
    )
    def post(self, request: Request, pk: int) -> Response:
        user = person(request)
        rule = rule_visible(user, pk)
        body = read(BackTestAsked, request.data).validated_data
        row = backtest_start(user, rule, body.get("draft", rule.draft), body["days"])
        return Response(backtest_shown(row), status=201)


class BackTestOne(ApiView):
    @extend_schema(responses=BackTestShown, summary="Its progress and figures")
    def get(self, request: Request, pk: int, number: int) -> Response:
        return Response(backtest_shown(_one(person(request), pk, number)))


class BackTestCancel(ApiView):
    @extend_schema(request=None, responses=BackTestShown, summary="Stop it")
    def post(self, request: Request, pk: int, number: int) -> Response:
        row = _one(person(request), pk, number)
        backtest_cancel(row)
        return Response(backtest_shown(row))


class BackTestHits(ApiView):
    @extend_schema(parameters=[HitQuery], responses=page_shape(HitShown), summary="What it would have sent")
    def get(self, request: Request, pk: int, number: int) -> Response:
        user = person(request)
        row = _one(user, pk, number)
        query = read(HitQuery, request.query_params)
        hits = BackTestHit.objects.filter(backtest=row, side=query.validated_data["side"])

        def show(batch: Sequence[BackTestHit]) -> list[dict[str, Any] | None]:
            return _hits_shown(user, batch)

        return page_answer(request, hits.select_related("user", "channel"), show, query.validated_data)


def _hits_shown(user: User, batch: Sequence[BackTestHit]) -> list[dict[str, Any] | None]:
    """Each asks the gate again: rights may have gone since the test ran."""
    gate = Gate(user)
    events = Event.objects.in_bulk({hit.event_id for hit in batch})
    shown: list[dict[str, Any] | None] = []
    for hit in batch:
        event = events.get(hit.event_id)
        view = event_view(gate, event) if event is not None else None
        if view is None or not view.decision.allowed:
            shown.append(None)
            continue
        values = {
            "event": hit.event_id,
            "at": hit.at,
            "key": hit.key,
            "title": view.title,
            "step": f"/steps/{hit.step}",
            "username": getattr(hit.user, "username", None),
            "name": getattr(hit.user, "display_name", None),
            "channel": getattr(hit.channel, "slug", None),
        }
        shown.append(dict(HitShown(values).data))
    return shown
