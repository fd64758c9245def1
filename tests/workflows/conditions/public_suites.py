"""The public JsonLogic suites, read from beside the repository (they are not ours)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.needs import JSONLOGIC_SUITE
from workflows.conditions import FieldSpec, FieldType

MISSING = object()


@dataclass(frozen=True)
class Case:
    """`result` is MISSING where the suite wants an error."""

    file: str
    index: int
    rule: Any
    data: Any
    result: Any

    @property
    def name(self) -> str:
        return f"{self.file}:{self.index}"


def classic_cases() -> list[Case]:
    """The suite of jsonlogic.com; `index` counts the cases, not the comments."""
    raw = json.loads((JSONLOGIC_SUITE / "tests.json").read_text("utf-8"))
    return [
        Case("tests.json", at, *each)
        for at, each in enumerate(each for each in raw if isinstance(each, list))
    ]


def compat_cases() -> list[Case]:
    """The compat-tables suite, file by file."""
    return list(_compat())


def _compat() -> Iterator[Case]:
    folder = JSONLOGIC_SUITE / "compat"
    for path in sorted(folder.rglob("*.json")):
        raw = json.loads(path.read_text("utf-8"))
        cases = [each for each in raw if isinstance(each, dict)]
        for at, each in enumerate(cases):
            result = MISSING if "error" in each else each["result"]
            yield Case(path.relative_to(folder).as_posix(), at, each["rule"], each.get("data"), result)


def fields_of(data: Any) -> dict[str, FieldSpec]:
    """The fields a case's data has, typed by its values: what a connection would declare for it."""
    values: dict[str, Any] = {}
    for name, value in data.items() if isinstance(data, dict) else ():
        if isinstance(value, dict):
            values.update({f"{name}.{inner}": each for inner, each in value.items()})
        else:
            values[name] = value
    return _specs(values)


def _specs(values: dict[str, Any]) -> dict[str, FieldSpec]:
    found = {path: _spec(path, value) for path, value in values.items()}
    return {path: spec for path, spec in found.items() if spec is not None}


def _spec(path: str, value: Any) -> FieldSpec | None:
    if isinstance(value, bool):
        return FieldSpec(path, FieldType.BOOLEAN)
    if isinstance(value, int):
        return FieldSpec(path, FieldType.INTEGER)
    if isinstance(value, float):
        return FieldSpec(path, FieldType.DECIMAL, decimals=6)
    if isinstance(value, str):
        return FieldSpec(path, FieldType.TEXT)
    if isinstance(value, list) and value:
        first = value[0]
        items = _specs(first if isinstance(first, dict) else {"": first})
        return FieldSpec(path, FieldType.LIST, items=items)
    return None


def same(found: Any, wanted: Any) -> bool:
    """Equal as JSON: 1 is 1.0, true is not 1."""
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    if isinstance(found, Decimal):
        return isinstance(wanted, int | float) and found == Decimal(str(wanted))
    return bool(found == wanted)
