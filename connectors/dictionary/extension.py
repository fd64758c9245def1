"""Fields and objects a connection adds to the dictionary, from their stored JSON form.

{"label": {"en": …, "zh-hans": …}, "title_fields": ["x_code"], "needs": ["company"], "treatments": {"cost": "round"},
 "fields": [{"name": "x_shelf", "type": "text", "label": {…}, "unit": "", "decimals": 0,
             "synonyms": [], "dimension": null, "field_class": "general"}]}

`needs` replaces the dimensions a shipped object needs; left out, it keeps its own. `treatments` replaces single ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from connectors.dictionary.types import (
    TREATMENTS,
    DictionaryField,
    DictionaryObject,
    Dimension,
    FieldClass,
    FieldType,
    Treatment,
)
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


def _needs(name: str, fields: tuple[DictionaryField, ...], wanted: Any) -> tuple[Dimension, ...]:
    """Raises ConfigError for a dimension no field fills: only wildcard grants would see a record ever again."""
    try:
        needs = tuple(dict.fromkeys(Dimension(each) for each in wanted))
    except ValueError as error:
        raise ConfigError(f"{name}: {error}") from error
    filled = {each.dimension for each in fields}
    if missing := [each.value for each in needs if each not in filled]:
        raise ConfigError(f"{name}: no field holds {', '.join(missing)}, so no grant could cover it.")
    return needs


def _treatments(name: str, chosen: Any) -> Mapping[FieldClass, Treatment]:
    try:
        own = {FieldClass(key): Treatment(value) for key, value in dict(chosen).items()}
    except ValueError as error:
        raise ConfigError(f"{name}: {error}") from error
    return {**TREATMENTS, **own} if own else TREATMENTS


def object_extend(base: DictionaryObject | None, name: str, data: Mapping[str, Any]) -> DictionaryObject:
    """`base` with the added fields, needs and treatments; without `base` a new object, named `x_…` too.

    Raises ConfigError for what it cannot mean.
    """
    added = tuple(extension_field(each) for each in data.get("fields", ()))
    treatments = _treatments(name, data.get("treatments", {}))
    if base is not None:
        fields = base.fields + added
        needs = base.needs if data.get("needs") is None else _needs(name, fields, data["needs"])
        return replace(base, fields=fields, needs=needs, treatments=treatments)
    if not NAME.match(name):
        raise ConfigError(f"“{name}”: an object you add begins with x_.")
    label = Localized.from_json(data.get("label") or name)
    titles = tuple(data.get("title_fields") or [each.name for each in added[:1]])
    needs = _needs(name, added, data.get("needs", ()))
    return DictionaryObject(name, label, label, added, titles, needs, treatments=treatments)
