"""What went wrong for good and waits for a person: the list, and what is done about many of them at once."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy

from kernel.badges import badge
from kernel.errors import BatonError
from permissions.models import User
from workflows.models import BulkAct, BulkItemState, BulkOperation, BulkState
from workflows.selectors.letters import DeadLetter, dead_letters, letters_count
from workflows.services.bulk import bulk_cancel, bulk_start, letters_all, visible_bulk
from workflows.services.letters import Replay

MOST_SHOWN = 100
KINDS = {
    "step": (gettext_lazy("Step"), "admin:workflows_run_change"),
    "event": (gettext_lazy("Event"), "admin:connectors_event_change"),
    "delivery": (gettext_lazy("Delivery"), "admin:messaging_delivery_change"),
}


def dead_letters_count(user: Any) -> int:
    """How many there are, counted up to MOST_SHOWN of each kind."""
    return letters_count(user, MOST_SHOWN)


def letters_context(user: Any) -> dict[str, Any]:
    """The newest letters as lines, and this person's latest operations."""
    letters = dead_letters(user, MOST_SHOWN)
    return {
        "letters": [_line(letter) for letter in letters],
        "operations": [_progress(each) for each in visible_bulk(user).order_by("-id")[:5]],
    }


def _line(letter: DeadLetter) -> dict[str, Any]:
    label, page = KINDS[letter.kind]
    return {
        "ref": f"{letter.kind}:{letter.pk}",
        "kind": label,
        "url": reverse(page, args=[letter.about_id]),
        "letter": letter,
    }


def letters_act(request: HttpRequest) -> HttpResponse:
    """Start what the form asks for; its page shows the progress, and each refusal with its reason."""
    user = cast(User, request.user)
    posted = request.POST
    act = BulkAct.DISCARD if posted.get("act") == BulkAct.DISCARD else BulkAct.REPLAY
    how = Replay(from_start=posted.get("from") == "start", rule_now=posted.get("rule") == "now")
    chosen = letters_all(user) if posted.get("all") else _chosen(posted.getlist("ref"))
    try:
        operation = bulk_start(user, act, chosen, how)
    except BatonError as error:
        messages.error(request, error.message)
        return HttpResponseRedirect(reverse("admin:workflows_dead_letters"))
    return HttpResponseRedirect(reverse("admin:workflows_bulk", args=[operation.pk]))


def _chosen(refs: list[str]) -> list[tuple[str, int]]:
    parts = [ref.partition(":") for ref in refs]
    return [(kind, int(pk)) for kind, _colon, pk in parts if kind in KINDS and pk.isdigit()]


def bulk_get(request: HttpRequest, pk: int) -> BulkOperation:
    """Raises Http404 for one that is not there or is somebody else's."""
    found = visible_bulk(cast(User, request.user)).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def bulk_context(operation: BulkOperation) -> dict[str, Any]:
    refused = operation.items.filter(state=BulkItemState.REFUSED).order_by("id")[:MOST_SHOWN]
    return {**_progress(operation), "refused": [(KINDS[each.kind][0], each) for each in refused]}


def bulk_state(operation: BulkOperation) -> JsonResponse:
    """What an open page asks to know whether to read itself again."""
    mark = repr([operation.state, operation.done, operation.refused])
    return JsonResponse({"active": operation.state == BulkState.RUNNING, "mark": mark})


def bulk_stop(request: HttpRequest, operation: BulkOperation) -> HttpResponse:
    try:
        bulk_cancel(cast(User, request.user), operation.pk)
    except BatonError as error:
        messages.error(request, error.message)
    return HttpResponseRedirect(reverse("admin:workflows_bulk", args=[operation.pk]))


def _progress(operation: BulkOperation) -> dict[str, Any]:
    return {
        "operation": operation,
        "handled": operation.done + operation.refused,
        "badge": badge(operation.state, operation.get_state_display()),
        "live": operation.state == BulkState.RUNNING,
        "mark": repr([operation.state, operation.done, operation.refused]),
        "url": reverse("admin:workflows_bulk", args=[operation.pk]),
    }
