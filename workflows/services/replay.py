"""Putting a dead letter back to work. The permission check is in here, for admin and API alike."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from connectors.models import Event, EventState
from connectors.services.poll import event_replay
from kernel import clock, doorbell
from kernel.audit import audit_record
from kernel.errors import Conflict, NotFound, PermissionDenied
from messaging.models import Delivery, DeliveryState
from messaging.services.interactions import DELIVER_QUEUE
from messaging.services.outbox import delivery_replay
from permissions.models import User
from permissions.objects import may_object
from workflows.engine.finish import step_replay
from workflows.engine.plan import PLAN_QUEUE
from workflows.engine.stopping import STOPPED
from workflows.models import Rule, Step
from workflows.selectors import visible_deliveries, visible_events, visible_steps
from workflows.selectors.shown import payload_words


def dead_step_get(actor: User, step_id: int, *, may_be_stopped: bool = False) -> Step:
    """A step this person may replay or discard: somebody who may publish its rule.

    Raises NotFound for a step of a rule the actor may not know of, PermissionDenied, and Conflict when its rule is
    stopped.
    """
    related = visible_steps(actor).select_related(
        "run__rule__current", "run__version", "run__event__connection"
    )
    step = related.filter(pk=step_id).first()
    if step is None:
        raise NotFound(_("There is no such step."))
    if not may_object(actor, "publish", step.run.rule):
        raise PermissionDenied(_("You may not replay steps of this rule."))
    if not may_be_stopped:
        _payload_refuse(step.run.event)
    if step.run.rule.state in STOPPED and not may_be_stopped:
        raise Conflict(_("The rule is stopped. Switch it on first."))
    return step


def _payload_refuse(event: Event) -> None:
    """Raises Conflict where nothing is left that could be looked at again."""
    if event.trimmed_at is not None:
        raise Conflict(_("It cannot be done again: %(why)s") % {"why": payload_words(event)})


def dead_step_replay(actor: User, step_id: int) -> Step:
    """Replay from this step. Raises as dead_step_get, and Conflict when it is not dead."""
    step = dead_step_get(actor, step_id)
    if not step_replay(step.pk, actor):
        raise Conflict(_("This step is not a dead letter (any more)."))
    step.refresh_from_db()
    return step


def failed_event_get(actor: User, event_id: int) -> Event:
    """An event this person may replay or discard: whoever operates its connection. Raises NotFound, PermissionDenied."""
    event = visible_events(actor).select_related("connection").filter(pk=event_id).first()
    if event is None:
        raise NotFound(_("There is no such event."))
    if not may_object(actor, "operate", event.connection):
        raise PermissionDenied(_("You may not replay events of this connection."))
    return event


def failed_event_replay(actor: User, event_id: int) -> Event:
    """Map again what needed mapping, plan again what could not be planned.

    Raises as failed_event_get, and Conflict when it still does not map or is neither.
    """
    event = failed_event_get(actor, event_id)
    _payload_refuse(event)
    if event.state == EventState.NEEDS_MAPPING:
        if not event_replay(event):
            event.refresh_from_db()
            raise Conflict(event.reason or _("This event does not need mapping (any more)."))
    else:
        again = Event.objects.filter(pk=event.pk, state=EventState.FAILED)
        if not again.update(
            state=EventState.NEW, attempts=0, reason="", last_error="", available_at=clock.now()
        ):
            raise Conflict(_("This event did not fail (any more)."))
    audit_record(actor, "event.replayed", event)
    doorbell.ring(PLAN_QUEUE)
    event.refresh_from_db()
    return event


def failed_delivery_get(actor: User, delivery_id: int) -> Delivery:
    """A message this person may send again or discard: whoever may publish its rule, or operates its channel.

    Raises NotFound and PermissionDenied.
    """
    delivery = visible_deliveries(actor).select_related("connection").filter(pk=delivery_id).first()
    if delivery is None:
        raise NotFound(_("There is no such delivery."))
    rule = Rule.objects.filter(runs__steps__interaction=delivery.interaction_id).first()
    owns = rule is not None and may_object(actor, "publish", rule)
    if not owns and not may_object(actor, "operate", delivery.connection):
        raise PermissionDenied(_("You may not send this again."))
    return delivery


def failed_delivery_replay(actor: User, delivery_id: int) -> Delivery:
    """Send a failed or held-back message again; the gate is asked anew.

    Raises as failed_delivery_get, and Conflict when it neither failed nor was held back.
    """
    delivery = failed_delivery_get(actor, delivery_id)
    if delivery.state not in (DeliveryState.FAILED, DeliveryState.REFUSED):
        raise Conflict(_("This message was neither refused nor did it fail."))
    with transaction.atomic():
        delivery_replay(delivery)
        audit_record(actor, "delivery.replayed", delivery)
        doorbell.ring(DELIVER_QUEUE)
    delivery.refresh_from_db()
    return delivery
