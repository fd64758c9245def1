"""Rules as files, so that they can live in git: export, import, and a check without either.

    {"schema": 1, "rules": [{"key": "low-stock", "name": {"en": …, "zh-hans": …}, "connection": "demo-erp", "tags": [],
                             "definition": {…workflows/definition.py…}}]}

`schema` is the format of the file; a definition carries its own. Both are upgraded on reading. An import only ever changes
drafts: publishing stays an act of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from connectors.models import Connection
from kernel.errors import ConfigError, PermissionDenied
from permissions.models import User
from permissions.objects import may_object
from workflows.definition import DefinitionInvalid, Problem, definition_upgrade
from workflows.exchange_format import document_problems
from workflows.models import Rule
from workflows.services.checking import rule_check
from workflows.services.drafts import rule_create, rule_edit

FORMAT = 1


@dataclass(frozen=True)
class Imported:
    """What became of one rule of a file: `made`, `changed` or `same`, and what speaks against publishing it."""

    key: str
    act: str
    problems: list[Problem]


def rules_export(rules: Iterable[Rule]) -> dict[str, Any]:
    """The definition in force of each rule, else its draft."""
    return {
        "schema": FORMAT,
        "rules": [
            {
                "key": rule.key,
                "name": rule.name,
                "connection": rule.connection.slug,
                "tags": [each.name for each in rule.tags.all()],
                "definition": rule.current.definition if rule.current else rule.draft,
            }
            for rule in rules
        ],
    }


def rules_validate(document: Any, owner: User | None) -> list[Problem]:
    """What is wrong with a file, each with a pointer into it; warnings too. Changes nothing."""
    problems = document_problems(document, FORMAT)
    if problems:
        return problems
    connections = {each.slug: each for each in Connection.objects.filter(kind="erp")}
    for index, entry in enumerate(document["rules"]):
        where = f"/rules/{index}"
        connection = connections.get(entry["connection"])
        if connection is None:
            words = _("There is no connection “%(name)s”.") % {"name": entry["connection"]}
            problems.append(Problem(f"{where}/connection", "unknown", words))
            continue
        problems += [
            Problem(f"{where}/definition{each.pointer}", each.code, each.message, each.severity)
            for each in rule_check(connection, entry["definition"], owner)
        ]
    return problems


def rules_import(actor: User, document: Any) -> list[Imported]:
    """Make or change the drafts a file tells of; all of them or none.

    Raises DefinitionInvalid for a file that is not readable, ConfigError for a connection nobody knows, PermissionDenied
    where the actor may not make or change a rule.
    """
    problems = document_problems(document, FORMAT)
    if problems:
        raise DefinitionInvalid(problems)
    with transaction.atomic():
        return [_import_one(actor, entry) for entry in document["rules"]]


def _import_one(actor: User, entry: Mapping[str, Any]) -> Imported:
    connection = Connection.objects.filter(slug=entry["connection"], kind="erp").first()
    if connection is None:
        raise ConfigError(_("There is no connection “%(name)s”.") % {"name": entry["connection"]})
    definition = dict(definition_upgrade(entry["definition"]))
    name, tags = dict(entry["name"]), list(entry.get("tags", ()))
    rule = Rule.objects.filter(key=entry["key"]).select_related("connection", "owner").first()
    if rule is None:
        rule = rule_create(actor, key=entry["key"], name=name, connection=connection, draft=definition)
        if tags:
            rule_edit(actor, rule, tags=tags)
        act = "made"
    elif rule.connection_id != connection.pk:
        words = _("“%(key)s” stands on another connection here. Give the rule in the file another key.")
        raise ConfigError(words % {"key": rule.key})
    elif not may_object(actor, "change", rule):
        raise PermissionDenied(_("You may not change this rule."))
    elif (rule.draft, rule.name, [each.name for each in rule.tags.all()]) == (definition, name, sorted(tags)):
        act = "same"
    else:
        rule_edit(actor, rule, name=name, draft=definition, tags=tags)
        act = "changed"
    owner = rule.owner if isinstance(rule.owner, User) else None
    return Imported(rule.key, act, rule_check(connection, definition, owner))
