"""The published JSON Schema of a file of rules, and reading one against it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from kernel.text import LANGUAGES
from workflows.catalog import ACTIONS, TRIGGERS
from workflows.definition import LEAST_EVERY_SECONDS, MOST_EVERY_SECONDS, SCHEMA, FiringPolicy, Problem
from workflows.hours import hours_shapes

KEY = re.compile(r"[-a-zA-Z0-9_]{1,80}")
NEEDED = ("key", "name", "connection", "definition")


def file_schema(number: int) -> dict[str, Any]:
    """JSON Schema (2020-12) of a file of rules in the format `number`."""
    words = {"type": "object", "properties": {each: {"type": "string"} for each in LANGUAGES}}
    step = {
        "type": "object",
        "required": ["action"],
        "oneOf": [
            {"properties": {"action": {"const": key}, "params": action.params}}
            for key, action in ACTIONS.items()
        ],
    }
    trigger = {
        "type": "object",
        "required": ["type", "object"],
        "oneOf": [
            {"properties": {"type": {"const": key}, **each.params["properties"]}}
            for key, each in TRIGGERS.items()
        ],
    }
    firing = {
        "type": "object",
        "properties": {
            "policy": {"enum": [each.value for each in FiringPolicy]},
            "cooldown_seconds": {"type": "number", "minimum": 0},
            "rearm": {},
            "every_seconds": {
                "type": "number",
                "minimum": LEAST_EVERY_SECONDS,
                "maximum": MOST_EVERY_SECONDS,
            },
            **hours_shapes(),
        },
    }
    definition = {
        "type": "object",
        "required": ["schema", "trigger", "steps"],
        "properties": {
            "schema": {"type": "integer", "minimum": 1, "maximum": SCHEMA},
            "trigger": trigger,
            "condition": {},
            "firing": firing,
            "steps": {"type": "array", "minItems": 1, "items": step},
        },
    }
    rule = {
        "type": "object",
        "required": list(NEEDED),
        "additionalProperties": False,
        "properties": {
            "key": {"type": "string", "pattern": f"^{KEY.pattern}$"},
            "name": words,
            "connection": {"type": "string"},
            "tags": {"type": "array", "items": {"type": "string", "maxLength": 40}},
            "definition": definition,
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Rules of Baton",
        "type": "object",
        "required": ["schema", "rules"],
        "properties": {"schema": {"const": number}, "rules": {"type": "array", "items": rule}},
    }


def document_problems(document: Any, number: int) -> list[Problem]:
    """What keeps the file from being read at all. Definitions are checked by who knows the connection."""
    if not isinstance(document, Mapping) or not isinstance(document.get("rules"), list):
        return [Problem("", "type", _("A file of rules is an object with “schema” and “rules”."))]
    if document.get("schema") != number:
        words = _("This file has the format %(found)s; this Baton reads %(known)d.")
        return [Problem("/schema", "unknown", words % {"found": document.get("schema"), "known": number})]
    problems: list[Problem] = []
    seen: set[str] = set()
    for index, entry in enumerate(document["rules"]):
        where = f"/rules/{index}"
        if not isinstance(entry, Mapping):
            problems.append(Problem(where, "type", _("A rule is a JSON object.")))
            continue
        problems += _entry_problems(entry, where)
        key = str(entry.get("key"))
        if key in seen:
            problems.append(Problem(f"{where}/key", "twice", _("This key stands twice in the file.")))
        seen.add(key)
    return problems


def _entry_problems(entry: Mapping[str, Any], where: str) -> list[Problem]:
    problems = [
        Problem(f"{where}/{name}", "missing", _("“%(name)s” is missing.") % {"name": name})
        for name in NEEDED
        if name not in entry
    ]
    if "key" in entry and not KEY.fullmatch(str(entry["key"])):
        words = _("A key has letters, digits, hyphens and underscores only.")
        problems.append(Problem(f"{where}/key", "pattern", words))
    name = entry.get("name", {})
    if not isinstance(name, Mapping) or not set(name) <= set(LANGUAGES):
        words = _("Give the name in one or more of: %(languages)s.") % {"languages": ", ".join(LANGUAGES)}
        problems.append(Problem(f"{where}/name", "type", words))
    if not isinstance(entry.get("definition", {}), Mapping):
        problems.append(Problem(f"{where}/definition", "type", _("A rule is a JSON object.")))
    tags = entry.get("tags", [])
    if not isinstance(tags, list) or not all(isinstance(each, str) for each in tags):
        problems.append(Problem(f"{where}/tags", "type", _("Tags are a list of texts.")))
    return problems
