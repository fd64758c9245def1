"""What can be read, described with Tryton's own labels in both languages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from connectors.dictionary.objects import OBJECTS_BY_NAME
from connectors.erp.tryton.client import LANGUAGES, TrytonClient
from connectors.erp.tryton.mapping import KEYS
from connectors.erp.tryton.sources import SOURCES, Source
from connectors.ports.erp import SourceField, SourceObject
from kernel.text import Localized

Described = Mapping[str, Mapping[str, Mapping[str, Any]]]
OWN_LABELS = {
    "id": Localized("Key", "键"),
    "reorder_quantity": Localized("Quantity to reorder", "补货数量"),
    "incoming": Localized("Incoming from suppliers", "供应商在途"),
    "supplier_code": Localized("Supplier code", "供应商编码"),
    "supplier_name": Localized("Supplier", "供应商"),
    "product_name": Localized("Product", "产品"),
    "warehouse_name": Localized("Warehouse name", "仓库名称"),
    "warehouse": Localized("Warehouse code", "仓库编码"),
}
TYPES = {
    "float": "decimal",
    "numeric": "decimal",
    "timestamp": "datetime",
    "selection": "code",
    "many2one": "text",
}
KEY_TYPES = {"id": "text", "purchase_id": "integer"}


def sources_discover(client: TrytonClient) -> list[SourceObject]:
    """One source object per dictionary object that Tryton can fill. Labels come from `fields_get`.

    A language that is not loaded in Tryton gives English labels.
    """
    wanted: dict[str, set[str]] = defaultdict(set)
    for source in SOURCES.values():
        for _name, label in source.labels:
            model, _sep, field = label.partition(":")
            if model:
                wanted[model].add(field)
    described = {
        language: {
            model: client.call(model, "fields_get", sorted(fields), context={"language": code})
            for model, fields in wanted.items()
        }
        for language, code in LANGUAGES.items()
    }
    return [_source_object(source, described["en"], described["zh-hans"]) for source in SOURCES.values()]


def _source_object(source: Source, english: Described, chinese: Described) -> SourceObject:
    return SourceObject(
        source.name,
        OBJECTS_BY_NAME[source.name].plural,
        KEYS[source.name],
        tuple(_field(source, name, label, english, chinese) for name, label in source.labels),
        suggested_object=source.name,
    )


def _field(source: Source, name: str, label: str, english: Described, chinese: Described) -> SourceField:
    model, _sep, field = label.partition(":")
    description = english[model][field] if model else {}
    text = OWN_LABELS.get(name) or Localized(description["string"], chinese[model][field]["string"])
    kind = KEY_TYPES.get(name) or TYPES.get(str(description.get("type")), "text" if model else "decimal")
    selection = description.get("selection")
    choices = (
        tuple((str(code), str(words)) for code, words in selection) if isinstance(selection, list) else ()
    )
    return SourceField(name, text, kind, required=name == KEYS[source.name], choices=choices)
