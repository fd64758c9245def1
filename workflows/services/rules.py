"""Making, checking, publishing and switching off rules. The permission check is in here, for admin, API and commands alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from connectors.models import Connection
from connectors.selectors import dictionary_object, dictionary_objects
from kernel import clock
from kernel.audit import audit_record
from kernel.errors import ConfigError, PermissionDenied
from kernel.generation import generation_bump
from permissions.models import User
from permissions.objects import may_any, may_object, object_share
from permissions.policies import Gate
from workflows.blocks import RuleScope
from workflows.catalog import ACTIONS, TRIGGERS
from workflows.conditions import condition_check
from workflows.definition import Definition, DefinitionInvalid, Problem, definition_read
from workflows.engine.compiled import GENERATION, schema_for
from workflows.engine.stopping import rule_stop, stop_begin
from workflows.models import Rule, RuleState, RuleVersion, StopReason


def rule_scope(connection: Connection, object_name: str) -> RuleScope:
    """Raises ConfigError for an unknown object."""
    about = dictionary_object(connection.pk, object_name)
    return RuleScope(
        about=about,
        schema=schema_for(about),
        manifest=connection.manifest,
        channels=frozenset(Connection.objects.filter(kind="im").values_list("slug", flat=True)),
        objects={each.name: each for each in dictionary_objects(connection.pk)},
    )


def rule_check(connection: Connection, raw: Mapping[str, Any], owner: User | None) -> list[Problem]:
    """Everything that speaks against publishing, each with a JSON pointer into the definition."""
    try:
        definition = definition_read(raw)
        scope = rule_scope(connection, definition.trigger.object)
    except DefinitionInvalid as error:
        return error.problems
    except ConfigError as error:
        return [Problem("/trigger/object", "unknown", error.message)]
    problems: list[Problem] = []
    if definition.trigger.type not in TRIGGERS:
        problems.append(Problem("/trigger/type", "unknown", _("Unknown trigger.")))
    else:
        problems += TRIGGERS.get(definition.trigger.type).check(definition.trigger)
    for pointer, logic in (("/condition", definition.condition), ("/firing/rearm", definition.firing.rearm)):
        if logic is not None:
            found = condition_check(logic, scope.schema)
            problems += [Problem(pointer + each.pointer, each.code, str(each.message)) for each in found]
    for index, step in enumerate(definition.steps):
        problems += _action_check(step.action, step.params, scope, f"/steps/{index}")
    problems += _owner_check(owner, scope)
    return problems


def _action_check(key: str, params: Mapping[str, Any], scope: RuleScope, pointer: str) -> list[Problem]:
    if key not in ACTIONS:
        return [Problem(f"{pointer}/action", "unknown", _("Unknown action “%(name)s”.") % {"name": key})]
    problems = ACTIONS.get(key).check(params, scope, f"{pointer}/params")
    for index, button in enumerate(params.get("buttons", ())):
        for number, step in enumerate(button.get("then", ())):
            where = f"{pointer}/params/buttons/{index}/then/{number}"
            problems += _action_check(str(step.get("action")), step.get("params", {}), scope, where)
    return problems


def _owner_check(owner: User | None, scope: RuleScope) -> list[Problem]:
    if owner is None:
        return [Problem("", "owner", _("Give the rule an owner: it may use only what its owner may see."))]
    able = [each for each in Gate(owner).bundles if "see" in each.verbs]
    if not any(each.objects & {"*", scope.about.name} for each in able):
        return [
            Problem(
                "/trigger/object",
                "owner",
                _("%(owner)s may not see %(object)s, so the rule may not use it.")
                % {"owner": owner.display_name, "object": str(scope.about.label)},
            )
        ]
    return []


def rule_create(
    actor: User, *, key: str, name: Mapping[str, str], connection: Connection, draft: Mapping[str, Any]
) -> Rule:
    """Raises PermissionDenied without the right to make rules, or to use this connection."""
    if not may_any(actor, "add", Rule) or not may_object(actor, "use", connection):
        raise PermissionDenied(_("You may not make rules on this connection."))
    with transaction.atomic():
        rule = Rule.objects.create(
            key=key, name=dict(name), connection=connection, draft=dict(draft), owner=actor
        )
        object_share(actor, actor, rule, "view", "change", "publish")
        audit_record(actor, "rule.created", rule, key)
    return rule


def rule_edit(
    actor: User, rule: Rule, *, name: Mapping[str, str] | None, draft: Mapping[str, Any] | None
) -> Rule:
    """Change the draft; what is published stays in force."""
    if not may_object(actor, "change", rule):
        raise PermissionDenied(_("You may not change this rule."))
    with transaction.atomic():
        if name is not None:
            rule.name = dict(name)
        if draft is not None:
            rule.draft = dict(draft)
        rule.updated_at = clock.now()
        rule.save()
        audit_record(actor, "rule.edited", rule, rule.key)
    return rule


def rule_publish(actor: User, rule: Rule, *, note: str = "") -> RuleVersion:
    """Make the draft an immutable version and put it in force. Raises PermissionDenied or DefinitionInvalid."""
    if not may_object(actor, "publish", rule) or not may_object(actor, "use", rule.connection):
        raise PermissionDenied(_("You may not publish this rule."))
    owner = rule.owner if isinstance(rule.owner, User) else None
    problems = rule_check(rule.connection, rule.draft, owner)
    if problems:
        raise DefinitionInvalid(problems)
    definition = definition_read(rule.draft)
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
        generation_bump(GENERATION)
        audit_record(actor, "rule.published", locked, f"v{number}", note=note)
    rule.refresh_from_db()
    return version


def rule_switch_off(actor: User, rule: Rule) -> None:
    """Stop a rule: nothing new fires, and what waits is ended; the first of it here, the rest by the workers."""
    if not may_object(actor, "publish", rule):
        raise PermissionDenied(_("You may not switch this rule off."))
    with transaction.atomic():
        stop = rule_stop(rule, StopReason.SWITCHED_OFF, actor=actor)
    if stop is not None:
        stop_begin(stop)
    rule.refresh_from_db()


def rule_switch_on(actor: User, rule: Rule) -> None:
    """Put the published version back in force. What was stopped before is not carried on."""
    if not may_object(actor, "publish", rule):
        raise PermissionDenied(_("You may not switch this rule on."))
    if rule.current is None:
        raise ConfigError(_("Publish the rule first."))
    with transaction.atomic():
        Rule.objects.filter(pk=rule.pk).update(state=RuleState.LIVE, state_reason="", updated_at=clock.now())
        generation_bump(GENERATION)
        audit_record(actor, "rule.switched_on", rule, rule.key)
    rule.refresh_from_db()


def definition_of(rule: Rule) -> Definition:
    """The definition in force, else the draft. Raises DefinitionInvalid."""
    return definition_read(rule.current.definition if rule.current else rule.draft)
