"""What speaks against publishing a rule: its shape, its words, what its owner may see, whom it reaches.

Every problem has a JSON pointer and a sentence. What recorded events say is in checks_history.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from connectors.dictionary.own import OWN_BY_NAME
from connectors.models import Connection
from connectors.selectors import dictionary_object, dictionary_objects
from connectors.services.updating import fields_writable
from kernel.errors import ConfigError
from permissions.models import User, Verb
from permissions.policies import Gate
from workflows.blocks import RuleScope
from workflows.catalog import ACTIONS, TRIGGERS
from workflows.conditions import condition_check
from workflows.definition import Definition, DefinitionInvalid, Problem, definition_read
from workflows.engine.calendars import free_days
from workflows.engine.compiled import schema_for
from workflows.engine.uses import fields_used
from workflows.hours import hours_problems
from workflows.nesting import MOST_DEEP, MOST_STEPS, Placed, lists_inside, steps_walk
from workflows.readable import schema_with
from workflows.selectors.addresses import addresses_of
from workflows.selectors.startable import rules_startable
from workflows.services.checks_people import people_problems
from workflows.services.checks_source import source_problems


def rule_scope(connection: Connection, object_name: str, owner: User | None = None) -> RuleScope:
    """Raises ConfigError for an unknown object."""
    about = dictionary_object(connection.pk, object_name)
    return RuleScope(
        about=about,
        schema=schema_for(about),
        manifest=connection.manifest,
        channels=frozenset(Connection.objects.filter(kind="im").values_list("slug", flat=True)),
        objects={each.name: each for each in dictionary_objects(connection.pk)},
        writable=fields_writable(connection, object_name),
        addresses=addresses_of(connection.pk),
        rules=rules_startable(owner, connection.pk, object_name),
    )


def rule_check(connection: Connection, raw: Mapping[str, Any], owner: User | None) -> list[Problem]:
    """Everything that speaks against publishing, errors first; empty when nothing does."""
    try:
        definition = definition_read(raw)
        scope = rule_scope(connection, definition.trigger.object, owner)
    except DefinitionInvalid as error:
        return error.problems
    except ConfigError as error:
        return [Problem("/trigger/object", "unknown", error.message)]
    problems = _shape_problems(definition, scope) + _owner_check(owner, scope, definition)
    if not problems:
        problems += source_problems(connection, definition, scope.about)
        problems += people_problems(connection, definition)
    return sorted(problems, key=lambda each: each.severity)


def errors_of(problems: list[Problem]) -> list[Problem]:
    """Those that keep a rule from being published."""
    return [each for each in problems if each.severity == "error"]


def _shape_problems(definition: Definition, scope: RuleScope) -> list[Problem]:
    problems: list[Problem] = []
    if definition.trigger.type not in TRIGGERS:
        problems.append(Problem("/trigger/type", "unknown", _("Unknown trigger.")))
    else:
        problems += _trigger_check(definition)
    for pointer, logic in (("/condition", definition.condition), ("/firing/rearm", definition.firing.rearm)):
        if logic is not None:
            found = condition_check(logic, scope.schema)
            problems += [Problem(pointer + each.pointer, each.code, str(each.message)) for each in found]
    for placed in steps_walk(definition.raw["steps"]):
        problems += _action_problems(placed, definition, scope)
    return problems + _size_problems(definition)


def _trigger_check(definition: Definition) -> list[Problem]:
    spec = definition.trigger
    trigger = TRIGGERS.get(spec.type)
    problems = list(trigger.check(spec))
    if trigger.object != (spec.object if spec.object in OWN_BY_NAME else ""):
        words = _("“%(trigger)s” cannot start a rule about this. Choose what the rule is about again.")
        problems.append(Problem("/trigger/object", "unknown", words % {"trigger": str(trigger.label)}))
    if definition.firing.policy not in trigger.policies:
        words = _("“%(trigger)s” cannot have this firing policy; choose another one.")
        problems.append(Problem("/firing/policy", "unknown", words % {"trigger": str(trigger.label)}))
    firing = definition.raw.get("firing", {})
    problems += hours_problems(firing, "/firing")
    for pointer, settings in (("/trigger", spec.params), ("/firing", firing)):
        try:
            free_days(settings)
        except ConfigError as error:
            problems.append(Problem(f"{pointer}/calendar", "unknown", error.message))
    return problems


def _action_problems(placed: Placed, definition: Definition, scope: RuleScope) -> list[Problem]:
    pointer, key = placed.pointer, placed.action
    if key not in ACTIONS:
        return [Problem(f"{pointer}/action", "unknown", _("Unknown action “%(name)s”.") % {"name": key})]
    if not isinstance(placed.step.get("params", {}), Mapping):
        return [Problem(f"{pointer}/params", "type", _("The action's settings are not readable."))]
    action = ACTIONS.get(key)
    problems = []
    if not (action.follows if placed.button is not None else action.first):
        words = (
            _("“%(action)s” cannot follow a button.")
            if placed.button is not None
            else _("“%(action)s” can only follow a button: somebody has to decide it.")
        )
        problems.append(Problem(pointer, "place", words % {"action": str(action.label)}))
    for each in lists_inside(placed.step, pointer):
        if not isinstance(each.steps, list) or not all(isinstance(step, Mapping) for step in each.steps):
            problems.append(Problem(each.pointer, "type", _("The actions are not readable.")))
    reads = replace(scope, schema=schema_with(scope.schema, definition.raw, placed.button))
    return problems + action.check(placed.params, reads, f"{pointer}/params")


def _size_problems(definition: Definition) -> list[Problem]:
    placed = list(steps_walk(definition.raw["steps"]))
    deep = next((each for each in placed if each.depth > MOST_DEEP), None)
    if deep is not None:
        words = _("Actions stand at most %(most)s levels inside each other.")
        return [Problem(deep.pointer, "too_deep", words % {"most": MOST_DEEP})]
    if len(placed) > MOST_STEPS:
        words = _("A rule has at most %(most)s actions.")
        return [Problem("/steps", "too_many_actions", words % {"most": MOST_STEPS})]
    return []


def owner_problems(connection: Connection, raw: Mapping[str, Any], owner: User) -> list[Problem]:
    """What `owner` may not see of what the definition uses; nothing for one that is not readable yet."""
    try:
        definition = definition_read(raw)
        return _owner_check(owner, rule_scope(connection, definition.trigger.object), definition)
    except ConfigError:
        return []


def _owner_check(owner: User | None, scope: RuleScope, definition: Definition) -> list[Problem]:
    if owner is None:
        return [Problem("", "owner", _("Give the rule an owner: it may use only what its owner may see."))]
    classes = Gate(owner).classes_seen(scope.about.name)
    if classes is None:
        return [
            Problem(
                "/trigger/object",
                "owner",
                _("%(owner)s may not see %(object)s, so the rule may not use it.")
                % {"owner": owner.display_name, "object": str(scope.about.label)},
            )
        ]
    return _owner_alone(owner, scope, definition) + [
        Problem(
            use.pointer,
            "owner_field",
            _("%(owner)s may not see “%(field)s”, so the rule may not decide by it or pass it on.")
            % {"owner": owner.display_name, "field": str(scope.about.by_name[use.name].label)},
        )
        for use in fields_used(definition)
        if use.name in scope.about.by_name and not classes.open(scope.about.by_name[use.name].field_class)
    ]


def _owner_alone(owner: User, scope: RuleScope, definition: Definition) -> list[Problem]:
    """What changes the ERP without anybody's answer is the owner's own doing."""
    alone = (
        placed
        for placed in steps_walk(definition.raw["steps"])
        if placed.button is None and placed.action in ACTIONS and ACTIONS.get(placed.action).writes
    )
    if Gate(owner).able(scope.about.name, Verb.ANSWER):
        return []
    words = _("%(owner)s may not answer for %(object)s, so the rule may not change them by itself.")
    return [
        Problem(
            each.pointer,
            "owner_acts",
            words % {"owner": owner.display_name, "object": str(scope.about.plural)},
        )
        for each in alone
    ]
