"""Which fields of its record a rule decides by or passes on, and where in the definition. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workflows.definition import Definition

ROOTS = ("record", "before", "shown")
NAMING = ("missing", "missing_some", "changed")
"""Operators whose parts name fields without `var`."""
DECIDING = ("/condition", "/firing")


@dataclass(frozen=True)
class Use:
    """`pointer` leads to the place in the definition. `decides`: whether the rule fires depends on it."""

    pointer: str
    name: str
    decides: bool


def fields_used(definition: Definition) -> list[Use]:
    """Fields in conditions, preconditions, calculated values and material lists; not those a text or a card shows:
    each reader sees them, or the mask, by the reader's own rights.
    """
    found = [
        Use(pointer, name, True)
        for where, logic in (("/condition", definition.condition), ("/firing/rearm", definition.firing.rearm))
        for pointer, name in _read(logic, where)
    ]
    for index, step in enumerate(definition.steps):
        found += [Use(pointer, name, False) for pointer, name in _step(step.params, f"/steps/{index}/params")]
    return found


def fields_of(logic: Any) -> frozenset[str]:
    """The fields of the record, as it is, was or was shown, that an expression reads."""
    return frozenset(name for _pointer, name in _read(logic, ""))


def _step(params: Mapping[str, Any], where: str) -> Iterator[tuple[str, str]]:
    for key, value in params.items():
        if key in ("title", "body", "fields", "recipients", "fallback", "channels"):
            continue
        if key == "material" and isinstance(value, list):
            yield from ((f"{where}/material/{at}", str(name)) for at, name in enumerate(value))
        else:
            yield from _read(value, f"{where}/{key}")


def _read(logic: Any, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(logic, list):
        for at, each in enumerate(logic):
            yield from _read(each, f"{where}/{at}")
        return
    if not isinstance(logic, Mapping):
        return
    for key, value in logic.items():
        place = f"{where}/{_escaped(str(key))}"
        if key == "var":
            yield from _named(value[0] if isinstance(value, list) and value else value, place, rooted=True)
        elif key in NAMING:
            for each in _texts(value):
                yield from _named(each, place, rooted=False)
            yield from _read(value, place)
        elif key == "material" and isinstance(value, list):
            yield from ((f"{place}/{at}", str(name)) for at, name in enumerate(value))
        else:
            yield from _read(value, place)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _named(path: Any, place: str, *, rooted: bool) -> Iterator[tuple[str, str]]:
    if not isinstance(path, str):
        return
    root, dot, rest = path.partition(".")
    if dot and root in ROOTS and rest:
        yield place, rest.split(".")[0]
    elif not dot and path and not rooted:
        yield place, path


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
