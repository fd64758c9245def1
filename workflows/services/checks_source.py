"""Whether the connection delivers what a rule reads."""

from __future__ import annotations

from django.utils.translation import gettext as _

from connectors.dictionary.types import DictionaryObject
from connectors.models import Connection
from connectors.selectors import fields_mapped
from workflows.definition import Definition, Problem
from workflows.engine.uses import fields_used


def source_problems(connection: Connection, definition: Definition, about: DictionaryObject) -> list[Problem]:
    """An object or field that is not mapped never has a value: a condition on it is never true."""
    mapped = fields_mapped(connection.pk, about.name)
    if mapped is None:
        return [
            Problem(
                "/trigger/object",
                "unmapped",
                _("“%(connection)s” does not deliver %(object)s: it is not mapped yet.")
                % {"connection": connection.name, "object": str(about.label)},
            )
        ]
    problems = [
        Problem(
            use.pointer,
            "unmapped",
            _("“%(field)s” is not mapped on “%(connection)s”, so it never has a value.")
            % {"field": str(about.by_name[use.name].label), "connection": connection.name},
            severity="error" if use.decides else "warning",
        )
        for use in fields_used(definition)
        if use.name in about.by_name and use.name not in mapped
    ]
    return list({each.pointer: each for each in problems}.values())
