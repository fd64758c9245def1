"""Checking, publishing and switching off rules. The permission check is in here, for admin, API and commands alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from kernel import clock
from kernel.audit import audit_record
from kernel.errors import ConfigError, NotFound, PermissionDenied
from kernel.generation import generation_bump
from permissions.models import User
from permissions.objects import may_object
from workflows.catalog import TRIGGERS
from workflows.definition import PUBLISHED, DefinitionInvalid, definition_read
from workflows.engine.compiled import GENERATION
from workflows.engine.schedules import schedule_set
from workflows.engine.stopping import rule_stop, stop_begin
from workflows.engine.walks import walk_begin
from workflows.models import Approval, Rule, RuleState, RuleVersion, StopReason
from workflows.services.approvals import approval_ask, approval_needed
from workflows.services.checking import errors_of, rule_check
from workflows.services.launching import launch_again, launch_cards_close


def rule_publish(actor: User, rule: Rule, *, note: str = "") -> RuleVersion:
    """Make the draft an immutable version and put it in force. Raises PermissionDenied or DefinitionInvalid,
    and ApprovalAsked where another person has to approve it first.
    """
    return _publish(actor, rule, rule.draft, note)


def rule_roll_back(actor: User, rule: Rule, number: int, *, note: str = "") -> RuleVersion:
    """Put what version `number` said in force again, as a version with a number of its own. The draft stays.

    Raises NotFound, PermissionDenied, or DefinitionInvalid when it would not be published today.
    """
    earlier = rule.versions.filter(number=number).first()
    if earlier is None:
        raise NotFound(_("There is no version %(number)s.") % {"number": number})
    return _publish(
        actor, rule, earlier.definition, note or _("Rolled back to version %(number)s") % {"number": number}
    )


def _publish(actor: User, rule: Rule, raw: Mapping[str, Any], note: str) -> RuleVersion:
    if not may_object(actor, "publish", rule) or not may_object(actor, "use", rule.connection):
        raise PermissionDenied(_("You may not publish this rule."))
    owner = rule.owner if isinstance(rule.owner, User) else None
    problems = errors_of(rule_check(rule.connection, raw, owner))
    if problems:
        raise DefinitionInvalid(problems)
    if approval_needed(rule):
        raise approval_ask(actor, rule, raw, note)
    version = _put_in_force(actor, rule, raw, note)
    launch_cards_close(rule)
    rule.refresh_from_db()
    return version


def publish_approved(asked: Approval) -> RuleVersion:
    """Put in force what somebody else has approved, inside the transaction of the answer; it was checked before."""
    return _put_in_force(asked.asked_by, asked.rule, asked.definition, asked.note)


def _put_in_force(actor: User, rule: Rule, raw: Mapping[str, Any], note: str) -> RuleVersion:
    definition = definition_read(raw)
    with transaction.atomic():
        locked = Rule.objects.select_for_update(of=("self",), no_key=True).get(pk=rule.pk)
        number = (locked.versions.aggregate(most=Max("number"))["most"] or 0) + 1
        version = RuleVersion.objects.create(
            rule=locked, number=number, definition=dict(definition.raw), published_by=actor, note=note
        )
        locked.current, locked.object = version, definition.trigger.object
        locked.state, locked.state_reason = RuleState.LIVE, ""
        locked.updated_at = clock.now()
        locked.save()
        launch_again(locked)
        schedule_set(locked)
        most = TRIGGERS.get(definition.trigger.type).fires_at_publishing(definition.trigger)
        if most is not None:
            walk_begin(locked, PUBLISHED, clock.now(), most=most)
        generation_bump(GENERATION)
        audit_record(actor, "rule.published", locked, f"v{number}", note=note)
    return version


def rule_switch_off(actor: User, rule: Rule) -> None:
    """Stop a rule: nothing new fires, and what waits is ended; the first of it here, the rest by the workers."""
    if not may_object(actor, "publish", rule):
        raise PermissionDenied(_("You may not switch this rule off."))
    with transaction.atomic():
        stop = rule_stop(rule, StopReason.SWITCHED_OFF, actor=actor)
    if stop is not None:
        stop_begin(stop)
        launch_cards_close(rule)
    rule.refresh_from_db()


def rule_switch_on(actor: User, rule: Rule) -> None:
    """Put the published version back in force. What was stopped before is not carried on."""
    if not may_object(actor, "publish", rule):
        raise PermissionDenied(_("You may not switch this rule on."))
    if rule.current is None:
        raise ConfigError(_("Publish the rule first."))
    with transaction.atomic():
        Rule.objects.filter(pk=rule.pk).update(state=RuleState.LIVE, state_reason="", updated_at=clock.now())
        launch_again(rule)
        generation_bump(GENERATION)
        audit_record(actor, "rule.switched_on", rule, rule.key)
    launch_cards_close(rule)
    rule.refresh_from_db()
