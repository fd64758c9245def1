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


def dead_step_replay(actor: User, step_id: int) -> Step:
    """Replay from this step, as somebody who may publish its rule.

    Raises NotFound for a step of a rule the actor may not know of, PermissionDenied, and Conflict when it is
    not dead, or its rule is stopped.
    """
    step = visible_steps(actor).select_related("run__rule").filter(pk=step_id).first()
    if step is None:
        raise NotFound(_("There is no such step."))
    if not may_object(actor, "publish", step.run.rule):
        raise PermissionDenied(_("You may not replay steps of this rule."))
    if step.run.rule.state in STOPPED:
        raise Conflict(_("The rule is stopped. Switch it on first."))
    if not step_replay(step.pk, actor):
        raise Conflict(_("This step is not a dead letter (any more)."))
    step.refresh_from_db()
    return step


def failed_event_replay(actor: User, event_id: int) -> Event:
    """Map again what needed mapping, plan again what could not be planned; for whoever operates the connection.

    Raises NotFound, PermissionDenied, and Conflict when it still does not map or is neither.
    """
    event = visible_events(actor).select_related("connection").filter(pk=event_id).first()
    if event is None:
        raise NotFound(_("There is no such event."))
    if not may_object(actor, "operate", event.connection):
        raise PermissionDenied(_("You may not replay events of this connection."))
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


def failed_delivery_replay(actor: User, delivery_id: int) -> Delivery:
    """Send a failed or held-back message again; for whoever may publish its rule, or operates its channel.

    The gate is asked anew. Raises NotFound, PermissionDenied, and Conflict when it neither failed nor was
    held back.
    """
    delivery = visible_deliveries(actor).select_related("connection").filter(pk=delivery_id).first()
    if delivery is None:
        raise NotFound(_("There is no such delivery."))
    rule = Rule.objects.filter(runs__steps__interaction=delivery.interaction_id).first()
    owns = rule is not None and may_object(actor, "publish", rule)
    if not owns and not may_object(actor, "operate", delivery.connection):
        raise PermissionDenied(_("You may not send this again."))
    if delivery.state not in (DeliveryState.FAILED, DeliveryState.REFUSED):
        raise Conflict(_("This message was neither refused nor did it fail."))
    with transaction.atomic():
        delivery_replay(delivery)
        audit_record(actor, "delivery.replayed", delivery)
        doorbell.ring(DELIVER_QUEUE)
    delivery.refresh_from_db()
    return delivery
