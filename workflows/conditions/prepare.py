"""One Event's data, typed and scaled once, for every rule that looks at it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from connectors.dictionary.types import FieldType
from workflows.conditions.engine_port import EnginePort, engine_default
from workflows.conditions.lowered import TEXT_TAG, WORD_BITS
from workflows.conditions.nodes import (
    date_stored,
    datetime_stored,
    decimal_scaled,
    number_parse,
    value_restore,
)
from workflows.conditions.problems import Message, message
from workflows.conditions.schema import NUMBERS, TEXTS, TYPE_LABELS, ConditionSchema, FieldSpec, schema_of

MAX_NUMBER_DIGITS = 80


class PreparedData:
    """Immutable. `unusable` says of each path whose value cannot be used why; such a value counts as missing.

    `bits` is what the largest number needs. `tree` is the data as the expressions read it, `loaded` the same
    for `engine`.
    """

    __slots__ = ("bits", "engine", "loaded", "schema", "tree", "unusable")

    def __init__(
        self,
        schema: ConditionSchema,
        tree: Any,
        unusable: Mapping[str, Message],
        engine: EnginePort,
        bits: int,
    ) -> None:
        self.schema = schema
        self.tree = tree
        self.unusable = unusable
        self.engine = engine
        self.bits = bits
        self.loaded = engine.load(_within_word(tree) if bits > WORD_BITS else tree)

    def item(self, entry: Any) -> PreparedData:
        """The same with one item of a list as the whole scope."""
        return PreparedData(self.schema, entry, self.unusable, self.engine, self.bits)

    def stored(self, spec: FieldSpec) -> Any:
        found: Any = self.tree
        for token in spec.tokens:
            found = found.get(token) if isinstance(found, dict) else None
        return found

    def value(self, path: str) -> Any:
        """The canonical value at `path`, as `CompiledCondition.equalities` has them; None if missing."""
        spec = self.schema.find(path)
        if spec is None or spec.type is FieldType.LIST:
            return None
        return value_restore(spec.type, self.stored(spec), spec.scale)


def data_prepare(
    schema: ConditionSchema | Mapping[str, FieldSpec],
    data: Mapping[str, Any],
    *,
    engine: EnginePort | None = None,
) -> PreparedData:
    """Types `data` by the schema.

    `data` has the roots record, before, event, shown (each field name → value), `changed` (field names) and
    `now` (aware); `today` is the UTC date of `now` unless given. Decimals come as Decimal, int or text; times
    as aware datetimes or ISO 8601 with an offset. Nothing raises for a bad value: it is missing, and
    `unusable` says why.
    """
    found = schema_of(schema)
    tree: dict[str, Any] = {}
    unusable: dict[str, Message] = {}
    bits = 0
    now = data.get("now")
    for root, spec in found.single.items():
        raw = data.get(root)
        if raw is None and root == "today" and isinstance(now, datetime):
            raw = now.astimezone(UTC).date() if now.tzinfo else None
        if raw is not None:
            stored, needed = _stored(spec, spec.path, raw, unusable)
            bits = max(bits, needed)
            if stored is not None:
                tree[root] = stored
    for root, specs in found.nested.items():
        values = data.get(root)
        if not isinstance(values, Mapping):
            continue
        prepared: dict[str, Any] = {}
        for name, raw in values.items():
            named = specs.get(name)
            if named is None or raw is None:
                continue
            stored, needed = _stored(named, named.path, raw, unusable)
            bits = max(bits, needed)
            if stored is not None:
                prepared[name] = stored
        if prepared:
            tree[root] = prepared
    changed = data.get("changed")
    if changed is not None:
        tree["changed"] = [TEXT_TAG + str(name).removeprefix("record.") for name in changed]
    return PreparedData(found, tree, unusable, engine or engine_default(), bits)


def _stored(spec: FieldSpec, path: str, raw: Any, unusable: dict[str, Message]) -> tuple[Any, int]:
    """(what the expressions compare, bits of the largest number in it)"""
    if spec.type is FieldType.LIST:
        return _list_stored(spec, path, raw, unusable)
    stored: Any = None
    if spec.type in TEXTS:
        if isinstance(raw, str) and not any("\ud800" <= letter <= "\udfff" for letter in raw):
            stored = TEXT_TAG + raw
    elif spec.type in NUMBERS:
        number = number_parse(raw)
        if number is not None and _is_reasonable(number):
            stored = decimal_scaled(number, spec.scale)
    elif spec.type is FieldType.BOOLEAN:
        stored = raw if isinstance(raw, bool) else None
    elif spec.type is FieldType.DATE:
        stored = date_stored(raw)
    elif spec.type is FieldType.DATETIME:
        stored = datetime_stored(raw)
    if stored is None:
        unusable[path] = _refusal(spec, raw)
        return None, 0
    return stored, stored.bit_length() if spec.type in NUMBERS else 0


def _list_stored(spec: FieldSpec, path: str, raw: Any, unusable: dict[str, Message]) -> tuple[Any, int]:
    if not isinstance(raw, list | tuple):
        unusable[path] = _refusal(spec, raw)
        return None, 0
    bits = 0
    items: list[Any] = []
    plain = spec.items.get("")
    for at, item in enumerate(raw):
        place = f"{path}.{at}"
        if plain is not None:
            stored, needed = _stored(plain, place, item, unusable) if item is not None else (None, 0)
            items.append(stored)
            bits = max(bits, needed)
            continue
        if not isinstance(item, Mapping):
            unusable[path] = message(_("item %(at)s is no object"), at=at)
            return None, 0
        entry: dict[str, Any] = {}
        for name, inner in spec.items.items():
            if item.get(name) is not None:
                entry[name], needed = _stored(inner, f"{place}.{name}", item[name], unusable)
                bits = max(bits, needed)
        items.append(entry)
    return items, bits


def _refusal(spec: FieldSpec, raw: Any) -> Message:
    number = number_parse(raw) if spec.type in NUMBERS else None
    if number is not None and _is_reasonable(number):
        text = _("%(value)s has more than %(places)s decimals")
        return message(text, value=str(raw)[:60], places=spec.scale)
    return message(_("%(value)s is no %(type)s"), value=repr(raw)[:60], type=TYPE_LABELS[spec.type])


def _is_reasonable(number: Decimal) -> bool:
    """Bounded before it becomes an integer: 1E+999999999 is a short text."""
    return (
        number.is_finite()
        and abs(number.adjusted()) <= MAX_NUMBER_DIGITS
        and len(number.as_tuple().digits) <= MAX_NUMBER_DIGITS
    )


def _within_word(item: Any) -> Any:
    """The tree without numbers a 64-bit engine cannot hold; no rule that reads one runs there."""
    if isinstance(item, dict):
        return {key: _within_word(each) for key, each in item.items()}
    if isinstance(item, list):
        return [_within_word(each) for each in item]
    return None if isinstance(item, int) and item.bit_length() > WORD_BITS else item
