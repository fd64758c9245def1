"""`dead-letters/`: what stopped for good, and one act on many of them as a stored operation."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from inbox.api.base import ApiView, Moment, person, read
from inbox.api.paging import LARGEST_ID
from kernel.errors import NotFound, PermissionDenied
from permissions.models import User
from workflows.models import BulkAct, BulkItemState, BulkOperation, BulkState
from workflows.selectors import may_list_events, may_list_runs
from workflows.selectors.letters import KINDS, dead_letters
from workflows.services.bulk import MOST_LETTERS, bulk_cancel, bulk_start, letters_all, visible_bulk
from workflows.services.letters import Replay

MOST_SHOWN = 100


class LetterRef(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=KINDS)
    id = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)


class LetterShown(LetterRef):
    title = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)
    at = Moment(allow_null=True)


class LettersShown(serializers.Serializer[Any]):
    """The newest of each kind; at most 100 of each."""

    letters = LetterShown(many=True)


class BulkAsked(serializers.Serializer[Any]):
    """`letters`, or `all` that the person may list. `from_start` and `rule_now` are asked of steps only."""

    act = serializers.ChoiceField(choices=BulkAct.choices)
    letters = serializers.ListField(child=LetterRef(), required=False, max_length=MOST_LETTERS)
    all = serializers.BooleanField(default=False)
    from_start = serializers.BooleanField(
        default=False, help_text=gettext_lazy("From the start, instead of from the step that failed.")
    )
    rule_now = serializers.BooleanField(
        default=False, help_text=gettext_lazy("With the rule as it is now, instead of as it was.")
    )


class RefusalShown(LetterRef):
    reason = serializers.CharField()


class BulkShown(serializers.Serializer[Any]):
    """How far an operation is. `refusals` names the first hundred letters that were refused, each with its reason."""

    id = serializers.IntegerField()
    act = serializers.ChoiceField(choices=BulkAct.choices)
    from_start = serializers.BooleanField()
    rule_now = serializers.BooleanField()
    state = serializers.ChoiceField(choices=BulkState.choices)
    total = serializers.IntegerField()
    done = serializers.IntegerField()
    refused = serializers.IntegerField()
    refusals = RefusalShown(many=True)
    created_at = Moment()
    ended_at = Moment(allow_null=True)


def bulk_shown(operation: BulkOperation) -> dict[str, Any]:
    plain = ("act", "state", "total", "done", "refused", "created_at", "ended_at")
    refused = operation.items.filter(state=BulkItemState.REFUSED).order_by("id")[:MOST_SHOWN]
    refusals = [{"kind": each.kind, "id": each.letter_id, "reason": each.reason} for each in refused]
    values = {name: getattr(operation, name) for name in plain}
    values |= {"id": operation.pk, "refusals": refusals, **operation.settings}
    return dict(BulkShown(values).data)


def _may_list(user: User) -> None:
    if not (may_list_runs(user) or may_list_events(user)):
        raise PermissionDenied(_("You may not see dead letters."))


class DeadLetterList(ApiView):
    @extend_schema(responses=LettersShown, summary="What stopped for good and waits for a person")
    def get(self, request: Request) -> Response:
        _may_list(person(request))
        found = [
            {"kind": each.kind, "id": each.pk, "title": each.title, "reason": each.reason, "at": each.at}
            for each in dead_letters(person(request), MOST_SHOWN)
        ]
        return Response(LettersShown({"letters": found}).data)


class BulkStart(ApiView):
    @extend_schema(
        request=BulkAsked, responses={201: BulkShown}, summary="Replay or discard many dead letters"
    )
    def post(self, request: Request) -> Response:
        _may_list(person(request))
        asked = read(BulkAsked, request.data).validated_data
        named = [(each["kind"], each["id"]) for each in asked.get("letters", ())]
        letters = letters_all(person(request)) if asked["all"] else named
        how = Replay(asked["from_start"], asked["rule_now"])
        operation = bulk_start(person(request), asked["act"], letters, how)
        return Response(bulk_shown(operation), status=201)


class BulkOne(ApiView):
    @extend_schema(responses=BulkShown, summary="How far an operation on dead letters is")
    def get(self, request: Request, pk: int) -> Response:
        operation = visible_bulk(person(request)).filter(pk=pk).first()
        if operation is None:
            raise NotFound(_("There is no such operation."))
        return Response(bulk_shown(operation))


class BulkCancel(ApiView):
    @extend_schema(
        request=None, responses=BulkShown, summary="Leave the rest of an operation's letters alone"
    )
    def post(self, request: Request, pk: int) -> Response:
        return Response(bulk_shown(bulk_cancel(person(request), pk)))
