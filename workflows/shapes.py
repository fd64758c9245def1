"""Parameters of triggers, actions and policies as JSON Schema: the editor draws its fields from it.

`x-label` is the label in both languages; `x-editor` names what edits a value that is no plain one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kernel.text import Localized

Shape = Mapping[str, Any]


def shape(kind: str, label: Localized, *, editor: str = "", **more: Any) -> dict[str, Any]:
    """One property: `kind` is a JSON type; "" leaves it open (JsonLogic may be anything)."""
    found: dict[str, Any] = {"type": kind} if kind else {}
    found["x-label"] = label.as_json()
    if editor:
        found["x-editor"] = editor
    return {**found, **more}


def shape_when(found: Shape, **others: Sequence[str]) -> dict[str, Any]:
    """The property only says something where each of `others`, its neighbours, has one of these values."""
    return {**found, "x-when": {name: list(values) for name, values in others.items()}}


def shape_object(required: tuple[str, ...] = (), **properties: Shape) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        found["required"] = list(required)
    return found


def shape_list(label: Localized, items: Shape, *, editor: str = "", **more: Any) -> dict[str, Any]:
    return shape("array", label, editor=editor, items=items, **more)


def shape_choice(label: Localized, choices: Mapping[str, Localized], **more: Any) -> dict[str, Any]:
    """A text out of `choices`, each with its label."""
    names = {key: each.as_json() for key, each in choices.items()}
    return {**shape("string", label, enum=list(choices), **more), "x-choices": names}


def shape_words(label: Localized, *, editor: str = "") -> dict[str, Any]:
    """A text for people: one for both languages, or one for each."""
    each = {"type": "string"}
    both = {"type": "object", "properties": {"en": each, "zh-hans": each}, "additionalProperties": False}
    return shape("", label, editor=editor, anyOf=[each, both])
