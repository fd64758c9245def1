"""Fields and objects a connection adds to the dictionary, from their stored JSON form.

{"label": {"en": …, "zh-hans": …}, "title_fields": ["x_code"], "needs": ["company"],
 "fields": [{"name": "x_shelf", "type": "text", "label": {…}, "unit": "", "decimals": 0,
             "synonyms": [], "dimension": null, "field_class": "general"}]}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connectors.dictionary.types import DictionaryField, DictionaryObject, Dimension, FieldClass, FieldType
from kernel.errors import ConfigError
from kernel.text import Localized

NAME = re.compile(r"^x_[a-z0-9_]{1,50}$")


def extension_field(data: Mapping[str, Any]) -> DictionaryField:
    """Raises ConfigError when the name does not begin with `x_` or the type is unknown."""
    name = str(data.get("name", ""))
    if not NAME.match(name):
        raise ConfigError(
            f"“{name}”: a field you add begins with x_ and has small letters, digits and _ only."
        )
    try:
        return DictionaryField(
            name=name,
            type=FieldType(data.get("type", "text")),
            label=Localized.from_json(data.get("label") or name),
            unit=str(data.get("unit", "")),
            decimals=int(data.get("decimals", 0)),
            synonyms=tuple(data.get("synonyms", ())),
            codes=tuple((code, Localized.from_json(label)) for code, label in data.get("codes", ())),
            dimension=Dimension(data["dimension"]) if data.get("dimension") else None,
            field_class=FieldClass(data.get("field_class", "general")),
            person=bool(data.get("person", False)),
        )
    except ValueError as error:
        raise ConfigError(f"{name}: {error}") from error


def object_extend(base: DictionaryObject | None, name: str, data: Mapping[str, Any]) -> DictionaryObject:
    """`base` with the added fields; without `base` a new object, whose name must begin with `x_` too."""
    added = tuple(extension_field(each) for each in data.get("fields", ()))
    if base is not None:
        return DictionaryObject(
            base.name,
            base.label,
            base.plural,
            base.fields + added,
            base.title_fields,
            base.needs,
            base.synonyms,
        )
    if not NAME.match(name):
        raise ConfigError(f"“{name}”: an object you add begins with x_.")
    label = Localized.from_json(data.get("label") or name)
    titles = tuple(data.get("title_fields") or [each.name for each in added[:1]])
    needs = tuple(Dimension(each) for each in data.get("needs", ()))
    return DictionaryObject(name, label, label, added, titles, needs)
