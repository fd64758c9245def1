"""Between a mapping's definition and the table a person edits. Inputs are named `<field>__<column>`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_noop

from connectors.dictionary.types import DictionaryField, DictionaryObject, FieldType
from connectors.mapping import MappingProblem, path_read
from kernel.text import localized

NUMBERS = (FieldType.DECIMAL, FieldType.INTEGER)


def definition_from_form(
    about: DictionaryObject, posted: Mapping[str, str], stored: Mapping[str, Any]
) -> tuple[dict[str, Any], list[MappingProblem]]:
    """The definition that was typed, and what of it cannot be read. What the table does not show is kept."""
    problems: list[MappingProblem] = []
    keys = [each.strip() for each in str(posted.get("key", "")).split(",") if each.strip()]
    definition: dict[str, Any] = {
        **{name: value for name, value in stored.items() if name not in ("fields", "codes")},
        "source": str(posted.get("source", "")).strip(),
        "key": keys[0] if len(keys) == 1 else keys,
        "changed_at": str(posted.get("changed_at", "")).strip(),
        "time_zone": str(posted.get("time_zone", "")).strip() or "UTC",
    }
    fields: dict[str, dict[str, Any]] = {}
    codes: dict[str, dict[str, str]] = {}
    for each in about.fields:
        source = str(posted.get(f"{each.name}__source", "")).strip()
        constant = str(posted.get(f"{each.name}__constant", "")).strip()
        factor = str(posted.get(f"{each.name}__factor", "")).strip()
        if source and constant:
            text = gettext_noop("%(field)s: choose a source field or a constant, not both.")
            problems.append(MappingProblem(each.name, "both", localized(text, field=each.label)))
        if constant:
            fields[each.name] = {"constant": constant}
        elif source:
            fields[each.name] = {"source": source}
        if factor and factor != "1" and each.name in fields:
            fields[each.name]["factor"] = factor
        table, unreadable = _codes_read(str(posted.get(f"{each.name}__codes", "")))
        if unreadable:
            text = gettext_noop("%(field)s: write one code per line as source=canonical, not “%(line)s”.")
            message = localized(text, field=each.label, line=unreadable)
            problems.append(MappingProblem(each.name, "codes", message))
        if table:
            codes[each.name] = table
    definition["fields"] = fields
    if codes:
        definition["codes"] = codes
    return definition, problems


def _codes_read(text: str) -> tuple[dict[str, str], str]:
    """(source → canonical, the first line that cannot be read)"""
    table: dict[str, str] = {}
    for line in filter(None, (each.strip() for each in text.splitlines())):
        source, sign, canonical = (part.strip() for part in line.partition("="))
        if not sign or not source or not canonical:
            return table, line
        table[source] = canonical
    return table, ""


def form_rows(
    about: DictionaryObject,
    definition: Mapping[str, Any],
    problems: Sequence[MappingProblem],
    samples: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """One line per field: what is mapped, what is wrong with it, and what each sample becomes."""
    fields, codes = definition.get("fields", {}), definition.get("codes", {})
    return [
        {
            "field": each,
            "type": each.type.value,
            "source": fields.get(each.name, {}).get("source", ""),
            "constant": fields.get(each.name, {}).get("constant", ""),
            "factor": fields.get(each.name, {}).get("factor", ""),
            "takes_factor": each.type in NUMBERS,
            "takes_codes": each.type is FieldType.CODE or each.name in codes,
            "codes": "\n".join(
                f"{source}={canonical}" for source, canonical in codes.get(each.name, {}).items()
            ),
            "known_codes": ", ".join(code for code, _label in each.codes),
            "problems": [str(problem.message) for problem in problems if problem.field == each.name],
            "samples": [_sample_cell(each, fields.get(each.name, {}), sample) for sample in samples],
        }
        for each in about.fields
    ]


def _sample_cell(
    field: DictionaryField, spec: Mapping[str, Any], sample: Mapping[str, Any]
) -> dict[str, Any]:
    raw = path_read(sample["raw"], spec["source"]) if spec.get("source") else None
    mapped = sample["data"].get(field.name)
    return {
        "raw": "" if raw is None else str(raw),
        "mapped": "" if mapped is None else str(mapped),
        "same": str(raw) == str(mapped),
        "problem": sample["problems"].get(field.name, ""),
    }
