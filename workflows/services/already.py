"""For how many records a rule would be true at this moment: what publishing it would mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.models import Event
from kernel import clock
from kernel.generation import generations_held
from permissions.filters import visible_records
from permissions.models import User
from permissions.policies import Gate
from workflows.conditions import Verdict, data_prepare
from workflows.definition import PUBLISHED
from workflows.engine.compiled import event_data, schema_for
from workflows.engine.rehearsal import compile_definition
from workflows.engine.uses import fields_used
from workflows.models import Rule
from workflows.services.trying import trying_refuse

MOST_LOOKED = 20_000


@dataclass(frozen=True)
class Already:
    """`count` of the `looked` newest records of `total`, all of which this person may see with what the rule decides by."""

    count: int
    looked: int
    total: int


def already_true(actor: User, rule: Rule, raw: Mapping[str, Any]) -> Already:
    """Raises PermissionDenied, and DefinitionInvalid for a draft that would not be published."""
    trying_refuse(actor, rule, raw)
    with generations_held():
        compiled = compile_definition(rule, raw)
        about, schema = compiled.about, schema_for(compiled.about)
        deciding = {
            about.by_name[use.name].field_class.value
            for use in fields_used(compiled.definition)
            if use.decides and use.name in about.by_name
        } - {"general"}
        seen = visible_records(Gate(actor), names=[about.name], classes=sorted(deciding)).filter(
            connection=rule.connection, gone=False
        )
        occasion = Event(change=PUBLISHED, source="schedule", occurred_at=clock.now())
        count = looked = 0
        states = seen.order_by("-pk").values_list("planned_data", "data")[:MOST_LOOKED]
        for planned, data in states.iterator(chunk_size=500):
            looked += 1
            prepared = data_prepare(schema, event_data(planned or data, None, occasion, []))
            count += compiled.condition.evaluate(prepared) is Verdict.TRUE
        return Already(count, looked, looked if looked < MOST_LOOKED else seen.count())
