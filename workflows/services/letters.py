"""What a person does about one dead letter. The permission check is in here, for pages, API and bulk operations alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from connectors.models import Event, EventState, Outcome
from kernel import clock
from kernel.audit import audit_record
from kernel.errors import Conflict, NotFound
from kernel.text import localized, text_store
from messaging.models import Delivery, DeliveryState
from permissions.models import User
from workflows.engine.restart import run_discard, run_restart, run_version_change
from workflows.models import BulkAct, RuleVersion, Step
from workflows.services.replay import (
    dead_step_get,
    dead_step_replay,
    failed_delivery_get,
    failed_delivery_replay,
    failed_event_get,
    failed_event_replay,
)


@dataclass(frozen=True)
class Replay:
    """From the failed step, or from the start; with the rule as it was, or as it is now. Only steps ask for it."""

    from_start: bool = False
    rule_now: bool = False

    def as_json(self) -> dict[str, bool]:
        return {"from_start": self.from_start, "rule_now": self.rule_now}


def letter_act(actor: User, act: str, kind: str, pk: int, how: Replay) -> None:
    """Replay or discard one letter. Raises NotFound, PermissionDenied, and Conflict when it is none (any more)."""
    if kind not in _ACTS:
        raise NotFound(_("There is no such dead letter."))
    replay, discard = _ACTS[kind]
    with transaction.atomic():
        if act == BulkAct.DISCARD:
            discard(actor, pk)
        else:
            replay(actor, pk, how)


def _step_replay(actor: User, pk: int, how: Replay) -> None:
    step = dead_step_get(actor, pk)
    version = _version(step, how)
    if how.from_start:
        if not run_restart(step.pk, actor, version):
            raise Conflict(_("This step is not a dead letter (any more)."))
        return
    if version.pk != step.run.version_id:
        run_version_change(step, version)
    dead_step_replay(actor, pk)


def _version(step: Step, how: Replay) -> RuleVersion:
    present = step.run.rule.current
    if not how.rule_now:
        return step.run.version
    if present is None:
        raise Conflict(_("The rule has no published version."))
    return present


def _step_discard(actor: User, pk: int) -> None:
    step = dead_step_get(actor, pk, may_be_stopped=True)
    if not run_discard(step.pk, actor):
        raise Conflict(_("This step is not a dead letter (any more)."))


def _event_replay(actor: User, pk: int, how: Replay) -> None:
    failed_event_replay(actor, pk)


def _event_discard(actor: User, pk: int) -> None:
    event = failed_event_get(actor, pk)
    text = localized(gettext_noop("Discarded by %(person)s."), person=actor.display_name)
    ended = Event.objects.filter(pk=event.pk, state=EventState.FAILED).update(
        state=EventState.PLANNED,
        outcome=Outcome.SUPPRESSED,
        reason=text_store(text),
        planned_at=clock.now(),
    )
    if not ended:
        raise Conflict(_("This event did not fail (any more)."))
    audit_record(actor, "event.discarded", event)


def _delivery_replay(actor: User, pk: int, how: Replay) -> None:
    failed_delivery_replay(actor, pk)


def _delivery_discard(actor: User, pk: int) -> None:
    delivery = failed_delivery_get(actor, pk)
    waiting = Delivery.objects.filter(pk=pk, state=DeliveryState.FAILED, discarded_at__isnull=True)
    if not waiting.update(discarded_at=clock.now()):
        raise Conflict(_("This message did not fail (any more)."))
    audit_record(actor, "delivery.discarded", delivery)


Act = Callable[[User, int, Replay], None]
_ACTS: dict[str, tuple[Act, Callable[[User, int], Any]]] = {
    "step": (_step_replay, _step_discard),
    "event": (_event_replay, _event_discard),
    "delivery": (_delivery_replay, _delivery_discard),
}
