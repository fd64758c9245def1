"""The mapping that fits Tryton as shipped: our sources have canonical names, states are translated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.dictionary.objects import OBJECTS_BY_NAME
from connectors.erp.tryton.sources import SOURCES

STATES = {
    "draft": "draft",
    "quotation": "open",
    "confirmed": "confirmed",
    "processing": "confirmed",
    "done": "done",
    "cancelled": "cancelled",
}
KEYS = {"stock_level": "id", "product": "code", "supplier": "code", "purchase_order": "id"}
RENAMED = {"purchase_order": {"status": "state"}}
CHANGED_AT = {"purchase_order": "changed_at"}


def mapping_default() -> Mapping[str, Mapping[str, Any]]:
    """Dictionary object → definition (connectors/mapping.py).

    Times are UTC (trytond 8.2.1, fields/datetime.py, read on 2026-11-22).
    """
    definitions: dict[str, Mapping[str, Any]] = {}
    for name, source in SOURCES.items():
        offered = {own for own, _label in source.labels}
        renamed = RENAMED.get(name, {})
        wanted = {each.name: renamed.get(each.name, each.name) for each in OBJECTS_BY_NAME[name].fields}
        definition: dict[str, Any] = {
            "source": name,
            "key": KEYS[name],
            "time_zone": "UTC",
            "fields": {canonical: {"source": own} for canonical, own in wanted.items() if own in offered},
            "codes": {"status": dict(STATES)} if name == "purchase_order" else {},
        }
        if name in CHANGED_AT:
            definition["changed_at"] = CHANGED_AT[name]
        definitions[name] = definition
    return definitions
