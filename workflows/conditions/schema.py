"""The fields a condition may read, with their types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from django.utils.translation import gettext_lazy as _

from connectors.dictionary.types import FieldType
from workflows.conditions.problems import Message

TYPE_LABELS: Mapping[FieldType, Message] = {
    FieldType.TEXT: _("text"),
    FieldType.INTEGER: _("whole number"),
    FieldType.DECIMAL: _("decimal number"),
    FieldType.BOOLEAN: _("yes or no"),
    FieldType.DATE: _("date"),
    FieldType.DATETIME: _("time"),
    FieldType.CODE: _("code"),
    FieldType.LIST: _("list"),
}
NUMBERS = frozenset({FieldType.INTEGER, FieldType.DECIMAL})
TEXTS = frozenset({FieldType.TEXT, FieldType.CODE})
MIRRORS = ("before", "shown")
"""Roots that hold the same fields as `record`: its state before the Event, and what a card showed of it."""


@dataclass(frozen=True)
class FieldSpec:
    """One readable field.

    `path` is the root and the field name ("record.on_hand"); `decimals` the scale of a DECIMAL; `codes` the
    canonical values of a CODE (empty: any). `items` are the fields of a LIST's items by name; a list of plain
    values has one item field with the empty name.
    """

    path: str
    type: FieldType
    decimals: int = 0
    unit: str = ""
    items: Mapping[str, FieldSpec] = field(default_factory=dict)
    codes: frozenset[str] = frozenset()

    @property
    def scale(self) -> int:
        return self.decimals if self.type is FieldType.DECIMAL else 0

    @property
    def tokens(self) -> tuple[str, ...]:
        """Where the value stands in the prepared data: root, then field name (which may hold dots)."""
        root, dot, name = self.path.partition(".")
        return (root, name) if dot else (root,)

    def stored_alike(self, other: FieldSpec) -> bool:
        """Whether a value prepared for `other` means the same to a condition compiled for this field."""
        return (
            self.type is other.type
            and self.scale == other.scale
            and self.items.keys() == other.items.keys()
            and all(spec.stored_alike(other.items[name]) for name, spec in self.items.items())
        )


class ConditionSchema:
    """Every field a condition may read.

    Built from path → FieldSpec. `record.x` also makes `before.x` and `shown.x` readable; `now` (the Event's
    clock) and `today` (its date) are always there.
    """

    def __init__(self, fields: Mapping[str, FieldSpec]) -> None:
        known = {"now": FieldSpec("now", FieldType.DATETIME), "today": FieldSpec("today", FieldType.DATE)}
        for path, spec in fields.items():
            known[path] = spec if spec.path == path else replace(spec, path=path)
            root, _dot, name = path.partition(".")
            if root == "record" and name:
                for mirror in MIRRORS:
                    mirrored = f"{mirror}.{name}"
                    known.setdefault(mirrored, replace(spec, path=mirrored))
        self._fields: Mapping[str, FieldSpec] = known
        self.single: dict[str, FieldSpec] = {}
        self.nested: dict[str, dict[str, FieldSpec]] = {}
        for spec in known.values():
            root, *rest = spec.tokens
            if rest:
                self.nested.setdefault(root, {})[rest[0]] = spec
            else:
                self.single[root] = spec

    def __iter__(self) -> Iterator[FieldSpec]:
        return iter(self._fields.values())

    def find(self, path: str) -> FieldSpec | None:
        return self._fields.get(path)

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(self._fields)


def schema_of(fields: ConditionSchema | Mapping[str, FieldSpec]) -> ConditionSchema:
    return fields if isinstance(fields, ConditionSchema) else ConditionSchema(fields)
