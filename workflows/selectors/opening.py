"""Which grants in force show somebody fields of a class of an object: what a review may end."""

from __future__ import annotations

from connectors.dictionary.types import FieldClass
from permissions.bundles import ALL
from permissions.models import User, Verb
from permissions.policies import Gate
from workflows.selectors.explained import GrantSeen, grants_named


def grants_opening(person: User, name: str, field_class: FieldClass) -> list[GrantSeen]:
    """Held by the person or by a role of theirs, whatever they cover."""
    able = Gate(person).able(name, Verb.TOLD)
    return grants_named(
        [
            each.id
            for each in able
            if field_class is FieldClass.GENERAL or ALL in each.classes or field_class.value in each.classes
        ]
    )
