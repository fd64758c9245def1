"""The rules another rule may start."""

from __future__ import annotations

from typing import Any

from kernel.text import Localized
from permissions.objects import visible_objects
from workflows.models import Rule, RuleState


def rules_startable(user: Any, connection_id: int, object_name: str) -> dict[str, Localized]:
    """Key → name of the rules in force for these records that this person may see."""
    rules = Rule.objects.filter(connection_id=connection_id, object=object_name, state=RuleState.LIVE)
    found = visible_objects(user, rules.filter(current__isnull=False)).order_by("key")
    return {key: Localized.from_json(name) for key, name in found.values_list("key", "name")}
