"""Why the gate answers as it does: which grants open a record and each of its fields, and what the others lack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from connectors.dictionary.types import DictionaryObject, Dimension, FieldClass
from permissions.bundles import ALL
from permissions.models import Verb
from permissions.policies import Decision, Gate


@dataclass(frozen=True)
class Weighed:
    """One grant that names the object and the verb. `lacks`: the dimensions it does not cover; none when it opens."""

    id: int
    lacks: tuple[Dimension, ...]
    classes: frozenset[str]

    def opens(self, field_class: FieldClass) -> bool:
        if self.lacks:
            return False
        return field_class is FieldClass.GENERAL or ALL in self.classes or field_class.value in self.classes


@dataclass(frozen=True)
class Explained:
    decision: Decision
    weighed: tuple[Weighed, ...]

    def opened_by(self, field_class: FieldClass) -> tuple[int, ...]:
        """The grants that show a field of this class of this record."""
        return tuple(each.id for each in self.weighed if each.opens(field_class))


def gate_explain(
    gate: Gate,
    about: DictionaryObject,
    scopes: Mapping[str, str],
    verb: str = Verb.SEE,
    *,
    connection_id: int,
) -> Explained:
    """What `Gate.decide` answers, with every grant it looked at. For one record and one person: it is slower."""
    decision = gate.decide(about, scopes, verb, connection_id=connection_id)
    weighed = []
    for bundle in gate.able(about.name, verb) if gate.active else ():
        lacks = tuple(
            need
            for need in about.needs
            if not bundle.covers(replace(about, needs=(need,)), scopes, connection_id, gate.held.accounts)
        )
        weighed.append(Weighed(bundle.id, lacks, bundle.classes))
    return Explained(decision, tuple(weighed))
