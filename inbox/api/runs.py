"""`runs/` with their traces, and putting a dead letter back to work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from inbox.api.base import ApiView, Moment, person, read
from inbox.api.paging import LARGEST_ID, RowFilter, page_answer, page_shape
from kernel.errors import NotFound
from kernel.text import text_show
from permissions.models import User
from permissions.policies import Gate
from workflows.models import Run, RunState
from workflows.selectors import event_view, run_trace, visible_runs
from workflows.services.replay import dead_step_replay

RELATED = ("rule", "version", "event__connection")


class RunFilter(RowFilter):
    rule = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    event = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    state = serializers.ChoiceField(required=False, choices=RunState.values)
    outcome = serializers.CharField(required=False, max_length=40)


class RunShown(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    rule = serializers.IntegerField()
    rule_key = serializers.CharField()
    version = serializers.IntegerField()
    event = serializers.IntegerField()
    connection = serializers.CharField()
    object = serializers.CharField()
    key = serializers.CharField()
    state = serializers.ChoiceField(choices=RunState.values)
    outcome = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True)
    started_at = Moment()
    ended_at = Moment(allow_null=True)


class TraceShown(serializers.Serializer[Any]):
    """The story of a run: see docs/api.md for its parts."""

    def to_representation(self, instance: Any) -> Any:
        return instance


class StepShown(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    run = serializers.IntegerField(source="run_id")
    path = serializers.CharField()
    action = serializers.CharField()
    state = serializers.CharField()


def run_shown(gate: Gate, run: Run) -> dict[str, Any] | None:
    """None when the gate closes the record the run is about."""
    event = run.event
    if not event_view(gate, event).decision.allowed:
        return None
    values = {
        "id": run.pk,
        "rule": run.rule_id,
        "rule_key": run.rule.key,
        "version": run.version.number,
        "event": run.event_id,
        "connection": event.connection.slug,
        "object": event.object,
        "key": event.key,
        "state": run.state,
        "outcome": run.outcome,
        "reason": text_show(run.reason),
        "started_at": run.started_at,
        "ended_at": run.ended_at,
    }
    return dict(RunShown(values).data)


def _run(user: User, pk: int) -> tuple[Run, dict[str, Any]]:
    """Raises NotFound for a run that is not there, or whose record this person may not see: the two look alike."""
    run = visible_runs(user).select_related(*RELATED).filter(pk=pk).first()
    shown = run_shown(Gate(user), run) if run is not None else None
    if run is None or shown is None:
        raise NotFound(_("There is no such run among those you may see."))
    return run, shown


class RunList(ApiView):
    @extend_schema(parameters=[RunFilter], responses=page_shape(RunShown), summary="Runs")
    def get(self, request: Request) -> Response:
        query = read(RunFilter, request.query_params)
        gate = Gate(person(request))

        def show(batch: Sequence[Run]) -> list[dict[str, Any] | None]:
            return [run_shown(gate, run) for run in batch]

        rows = query.rows(visible_runs(person(request)).select_related(*RELATED))
        return page_answer(request, rows, show, query.validated_data)


class RunOne(ApiView):
    @extend_schema(responses=RunShown, summary="One run")
    def get(self, request: Request, pk: int) -> Response:
        return Response(_run(person(request), pk)[1])


class RunTraceOne(ApiView):
    @extend_schema(
        responses=TraceShown, summary="What each condition saw, who was asked, what was written and read back"
    )
    def get(self, request: Request, pk: int) -> Response:
        run, _shown = _run(person(request), pk)
        return Response(TraceShown(run_trace(run, person(request)).as_json()).data)


class StepReplay(ApiView):
    @extend_schema(request=None, responses=StepShown, summary="Put a dead letter back to work from this step")
    def post(self, request: Request, pk: int) -> Response:
        return Response(StepShown(dead_step_replay(person(request), pk)).data)
