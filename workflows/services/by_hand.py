"""A person starts a rule for one record. The same request, however often it arrives, starts it once."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from connectors.models import Event, Record
from connectors.services.records import PLAN_QUEUE
from kernel import clock, doorbell
from kernel.audit import audit_record
from kernel.errors import Conflict, NotFound, PermissionDenied
from permissions.models import User
from permissions.objects import may_object, visible_objects
from permissions.policies import may_see_record
from workflows.definition import BY_HAND
from workflows.engine.made import record_event
from workflows.models import Rule, RuleState

SOURCE = "hand"


def starts_by_hand(rule: Rule) -> bool:
    """Whether the version in force is one that people start."""
    return (
        rule.state == RuleState.LIVE
        and rule.current is not None
        and rule.current.definition["trigger"]["type"] == BY_HAND
    )


def rules_startable(actor: User, connection_id: int, object_name: str) -> list[Rule]:
    """The rules this person may start for a record of this object."""
    rules = Rule.objects.filter(
        connection_id=connection_id,
        object=object_name,
        state=RuleState.LIVE,
        current__definition__trigger__type=BY_HAND,
    )
    return list(visible_objects(actor, rules, "change").order_by("key"))


def rule_start(actor: User, rule: Rule, key: str, request_id: str) -> Event:
    """The event, planned in a moment. Who may change the rule and see the record may start it.

    Raises PermissionDenied, NotFound (also for a record this person may not see) and Conflict when the rule is not in force
    or does not start by hand.
    """
    if not may_object(actor, "change", rule):
        raise PermissionDenied(_("You may not start this rule."))
    if not starts_by_hand(rule):
        raise Conflict(_("Only a published rule that starts by hand can be started. Publish it first."))
    record = Record.objects.filter(
        connection_id=rule.connection_id, object=rule.object, key=key, gone=False
    ).first()
    if record is None or not may_see_record(actor, record).allowed:
        raise NotFound(_("There is no such record."))
    now = clock.now()
    event = record_event(
        rule, record, BY_HAND, source=SOURCE, mark=request_id, at=now, source_event_id=actor.username
    )
    with transaction.atomic():
        Event.objects.bulk_create([event], ignore_conflicts=True)
        stored = Event.objects.get(connection_id=event.connection_id, dedupe_key=event.dedupe_key)
        if stored.detected_at == event.detected_at:
            audit_record(actor, "rule.started_by_hand", rule, rule.key, event=stored.pk)
        doorbell.ring(PLAN_QUEUE)
    return stored
