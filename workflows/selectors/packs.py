"""Starter packs: which a person may begin with on a connection, and the draft their answers make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from connectors.dictionary.types import DictionaryObject
from connectors.models import Connection
from connectors.selectors import dictionary_objects, fields_mapped
from kernel.errors import ConfigError, NotFound
from kernel.generation import generations_held
from kernel.text import Localized, localized
from permissions.models import User
from permissions.policies import Gate
from workflows.blocks import Pack
from workflows.catalog import PACKS
from workflows.packs.parts import defaults
from workflows.selectors.catalogue import object_reason
from workflows.selectors.offers import offer


def packs_offered(user: User, connection: Connection) -> list[dict[str, Any]]:
    """Every pack; one that this connection or this person has not what it takes for says why."""
    gate = Gate(user)
    with generations_held():
        objects = {each.name: each for each in dictionary_objects(connection.pk)}
        return [
            {
                "key": key,
                "label": pack.label.as_json(),
                "about": pack.about.as_json(),
                "object": pack.object,
                "questions": pack.questions,
                **offer(_reason(pack, connection, objects[pack.object], gate)),
            }
            for key, pack in PACKS.items()
        ]


def _reason(pack: Pack, connection: Connection, about: DictionaryObject, gate: Gate) -> Localized | None:
    reason = object_reason(connection, about, gate)
    if reason is not None:
        return reason
    mapped = fields_mapped(connection.pk, pack.object) or frozenset()
    classes = gate.classes_seen(pack.object)
    for name in pack.fields:
        field = about.by_name[name]
        if name not in mapped:
            return localized(
                gettext_noop(
                    "“%(connection)s” does not deliver “%(field)s”: an administrator has to map it."
                ),
                connection=connection.name,
                field=field.label,
            )
        if classes is None or not classes.open(field.field_class):
            return localized(gettext_noop("You may not see “%(field)s”."), field=field.label)
    return None


def pack_draft(key: str, answers: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """The rule's name and its draft. A question without an answer keeps the answer it begins with.

    Raises NotFound for a pack nobody has, ConfigError for an answer to a question that is not asked.
    """
    if key not in PACKS:
        raise NotFound(_("There is no starter pack “%(key)s”.") % {"key": key})
    pack = PACKS.get(key)
    begun = defaults(pack.questions)
    for name in answers:
        if name not in begun:
            raise ConfigError(
                _("“%(name)s” is not asked. Answer: %(questions)s.")
                % {"name": name, "questions": ", ".join(begun)}
            )
    given = {name: answer for name, answer in answers.items() if answer is not None}
    return pack.label.as_json(), pack.draft({**begun, **given})
