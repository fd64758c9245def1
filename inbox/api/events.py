"""`events/`: what happened, each value through the gate. Rows outside the reader's scopes are not listed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from connectors.models import Connection, Event, EventState, Outcome
from inbox.api.base import ApiView, Moment, person, read
from inbox.api.paging import RowFilter, page_answer, page_shape
from kernel.errors import NotFound
from kernel.text import text_show
from permissions.models import User
from permissions.objects import may_any, visible_objects
from permissions.policies import Gate
from workflows.engine.causes import cause_link
from workflows.selectors import event_view, events_classified, state_view, visible_events, visible_rules


class EventFilter(RowFilter):
    PATHS = {"connection": "connection__slug"}
    connection = serializers.CharField(
        required=False, max_length=60, help_text=gettext_lazy("Its short name.")
    )
    object = serializers.CharField(required=False, max_length=60)
    key = serializers.CharField(required=False, max_length=200)
    state = serializers.ChoiceField(required=False, choices=EventState.values)
    outcome = serializers.ChoiceField(required=False, choices=Outcome.values)


class VerdictShown(serializers.Serializer[Any]):
    """How one rule judged the event; only rules the reader may see."""

    rule = serializers.IntegerField()
    version = serializers.IntegerField()
    verdict = serializers.ChoiceField(choices=["true", "false", "unknown"])
    fired = serializers.BooleanField()
    held = serializers.CharField(allow_blank=True)


class EventShown(serializers.Serializer[Any]):
    """`masked` names the fields whose value is replaced. `raw` is for those who operate the connection and have to
    see what could not be mapped."""

    id = serializers.IntegerField()
    connection = serializers.CharField()
    object = serializers.CharField(allow_blank=True)
    key = serializers.CharField(allow_blank=True)
    change = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    source_event_id = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(choices=EventState.values)
    outcome = serializers.ChoiceField(choices=Outcome.values, allow_blank=True)
    category = serializers.CharField(help_text=gettext_lazy("Its place in the ledger."))
    reason = serializers.CharField(allow_blank=True)
    before = serializers.DictField(allow_null=True)
    after = serializers.DictField(allow_null=True)
    changed = serializers.ListField(child=serializers.CharField())
    masked = serializers.ListField(child=serializers.CharField())
    raw = serializers.JSONField(allow_null=True)
    verdicts = VerdictShown(many=True)
    cause_run = serializers.IntegerField(
        allow_null=True, help_text=gettext_lazy("The run whose write caused it, as far as is known.")
    )
    cause_link = serializers.ChoiceField(choices=["certain", "inferred"], allow_null=True)
    depth = serializers.IntegerField(help_text=gettext_lazy("How many writes in a row led to it."))
    occurred_at = Moment(allow_null=True)
    detected_at = Moment()
    planned_at = Moment(allow_null=True)
    trimmed_at = Moment(
        allow_null=True, help_text=gettext_lazy("When its payload was removed: its days are over.")
    )


class EventReader:
    """Shows events to one person. Built per request; as many queries for one row as for a hundred."""

    def __init__(self, user: User) -> None:
        self.gate = Gate(user)
        self.rules = set(visible_rules(user).values_list("pk", flat=True))
        operated = visible_objects(user, Connection.objects.all(), "operate")
        self.operated = set(operated.values_list("pk", flat=True))
        self.audits = may_any(user, "view", Event)

    def show(self, event: Event) -> dict[str, Any] | None:
        """None when the person may see nothing of it: outside the scopes, or unmapped and not theirs."""
        view = event_view(self.gate, event)
        stateless = event.after is None and event.before is None
        repairs = event.connection_id in self.operated and event.state == EventState.NEEDS_MAPPING
        if not view.decision.allowed and not repairs and not (stateless and self.audits):
            return None
        values = {name: getattr(event, name) for name in _PLAIN}
        values |= {
            "id": event.pk,
            "connection": event.connection.slug,
            "category": event.category,  # type: ignore[attr-defined] # annotated by events_classified
            "reason": text_show(event.reason),
            "cause_run": event.cause_run_id,
            "cause_link": cause_link(event) or None,
            "depth": event.depth,
            "before": self._state(event, event.before),
            "after": self._state(event, event.after),
            "masked": sorted(view.decision.masked & (event.after or event.before or {}).keys()),
            "raw": event.raw if repairs else None,
            "verdicts": [
                {**each, "held": text_show(str(each["held"]))}
                for each in event.verdicts
                if each["rule"] in self.rules
            ],
        }
        return dict(EventShown(values).data)

    def _state(self, event: Event, data: Any) -> dict[str, Any] | None:
        """A state the person may not see is left out, also where the other one may be seen."""
        if data is None:
            return None
        view = state_view(self.gate, event.connection_id, event.object, data)
        return view.masked_json() if view.decision.allowed else None


_PLAIN: Final = (
    *("object", "key", "change", "source", "source_event_id", "state", "outcome", "changed"),
    *("occurred_at", "detected_at", "planned_at", "trimmed_at"),
)


def _events(user: User) -> QuerySet[Event]:
    return events_classified(visible_events(user).select_related("connection"))


class EventList(ApiView):
    @extend_schema(parameters=[EventFilter], responses=page_shape(EventShown), summary="Events")
    def get(self, request: Request) -> Response:
        query = read(EventFilter, request.query_params)
        shown = EventReader(person(request))

        def show(batch: Sequence[Event]) -> list[dict[str, Any] | None]:
            return [shown.show(event) for event in batch]

        return page_answer(request, query.rows(_events(person(request))), show, query.validated_data)


class EventOne(ApiView):
    @extend_schema(responses=EventShown, summary="One event")
    def get(self, request: Request, pk: int) -> Response:
        event = _events(person(request)).filter(pk=pk).first()
        shown = EventReader(person(request)).show(event) if event is not None else None
        if shown is None:  # not there, or closed: the two look alike
            raise NotFound(_("There is no such event among those you may see."))
        return Response(shown)
