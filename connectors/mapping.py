"""Translation between a source's records and the dictionary (翻译机制). Pure: no rows, no network.

A definition is JSON:

    {"source": "v_stock_levels", "key": "id", "changed_at": "updated_at", "time_zone": "Asia/Shanghai",
     "fields": {"on_hand": {"source": "data.qty", "factor": "1"}, "currency": {"constant": "CNY"}},
     "codes": {"status": {"10": "open", "20": "done"}},
     "event": {"match": {"event": "stock.level"}, "id": "id", "occurred_at": "ts", "change": "changed"}}

`source` paths may be dotted. `key` may be a list of paths, joined by "@". `factor` multiplies the source's number (a
source counting in thousands has "1000"). `codes` maps source code → canonical code; a code that is not in it is a
problem, never passed on raw. `event` exists for inbound items only.
"""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from connectors.dictionary.types import DictionaryField, DictionaryObject, FieldType
from connectors.ports.erp import SourceSpec
from kernel.errors import ConfigError, Rejected
from kernel.text import Localized, localized, text_clean, text_narrow

_MISSING = object()
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?")
TRUE_TEXTS = frozenset({"1", "true", "yes", "y", "t", "是"})
FALSE_TEXTS = frozenset({"0", "false", "no", "n", "f", "否", ""})


@dataclass(frozen=True)
class MappingProblem:
    """One reason why a record does not map; `field` is canonical."""

    field: str
    code: str
    message: Localized


@dataclass(frozen=True)
class Mapped:
    """A record in canonical names and JSON types: decimals as text at their scale, times as ISO text in UTC."""

    key: str
    data: Mapping[str, Any]
    problems: tuple[MappingProblem, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.problems

    @property
    def reason(self) -> Localized:
        return Localized(
            " ".join(problem.message.en for problem in self.problems),
            " ".join(problem.message.zh for problem in self.problems),
        )


def path_read(raw: Any, path: str) -> Any:
    """The value at a dotted path, or None. A key that itself holds dots wins over the path."""
    if isinstance(raw, Mapping) and path in raw:
        return raw[path]
    value = raw
    for part in path.split("."):
        value = value.get(part, _MISSING) if isinstance(value, Mapping) else _MISSING
        if value is _MISSING:
            return None
    return value


def decimal_text(value: Decimal, decimals: int) -> str:
    """Canonical text of a decimal: at most `decimals` places, no trailing zeros, never an exponent."""
    rounded = value.quantize(Decimal(1).scaleb(-decimals)) if decimals >= 0 else value
    text = format(rounded, "f") if rounded else "0"
    return text.rstrip("0").rstrip(".") if "." in text else text


def decimal_read(value: Any) -> Decimal:
    """A comma only groups thousands: "1,5" is not fifteen. Raises ValueError for what is not a finite number."""
    if isinstance(value, bool):
        raise ValueError("a boolean is not a number")
    text = text_narrow(str(value)).strip()
    if "_" in text or ("," in text and not _GROUPED.fullmatch(text)):
        raise ValueError(f"“{value}” is not a number")
    try:
        number = value if isinstance(value, Decimal) else Decimal(text.replace(",", ""))
    except InvalidOperation as error:
        raise ValueError(f"“{value}” is not a number") from error
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise ValueError(f"“{value}” is not a usable number")
    return number


def moment_read(value: Any, zone: dt.tzinfo) -> dt.datetime:
    """ISO text, epoch seconds, date or datetime → aware UTC. Naive values are in `zone`. Raises ValueError."""
    try:
        if isinstance(value, dt.datetime):
            moment = value
        elif isinstance(value, dt.date):
            moment = dt.datetime(value.year, value.month, value.day, tzinfo=zone)
        elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            return dt.datetime.fromtimestamp(float(value), dt.UTC)
        else:
            moment = dt.datetime.fromisoformat(str(value).strip().replace("Z", "+00:00"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(dt.UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(f"“{str(value)[:60]}” is not a usable time") from error


def raw_json(raw: Any) -> Any:
    """A source's value as JSON types that every database takes (decimals as text)."""
    if isinstance(raw, Mapping):
        return {text_clean(str(key)): raw_json(value) for key, value in raw.items()}
    if isinstance(raw, list | tuple):
        return [raw_json(value) for value in raw]
    if raw is None or isinstance(raw, bool | int):
        return raw
    if isinstance(raw, dt.datetime | dt.date):
        return raw.isoformat()
    return format(raw, "f") if isinstance(raw, Decimal) else text_clean(str(raw))


@dataclass(frozen=True)
class CompiledMapping:
    """A definition bound to its dictionary object; built once per mapping version."""

    object: DictionaryObject
    definition: Mapping[str, Any]
    version: int = 1
    zone: dt.tzinfo = field(init=False, repr=False)

    def __post_init__(self) -> None:
        name = self.definition.get("time_zone") or "UTC"
        try:
            object.__setattr__(self, "zone", zoneinfo.ZoneInfo(name))
        except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
            raise ConfigError(_("“%(zone)s” is not a time zone.") % {"zone": name}) from error

    @property
    def fields(self) -> Mapping[str, Mapping[str, Any]]:
        fields: Mapping[str, Mapping[str, Any]] = self.definition.get("fields", {})
        return fields

    @property
    def source(self) -> SourceSpec:
        """What to ask the connector for."""
        key = self.definition.get("key", "")
        wanted = [spec["source"] for spec in self.fields.values() if spec.get("source")]
        extra = [self.definition.get("changed_at") or ""]
        return SourceSpec(
            name=str(self.definition.get("source", "")),
            key_field=key if isinstance(key, str) else "@".join(key),
            fields=tuple(dict.fromkeys(name for name in [*wanted, *extra] if name)),
            changed_at_field=str(self.definition.get("changed_at") or ""),
        )

    def key_of(self, raw: Any) -> str:
        paths = self.definition.get("key", "")
        parts = [path_read(raw, path) for path in ([paths] if isinstance(paths, str) else paths)]
        return "" if any(part in (None, "") for part in parts) else "@".join(str(part) for part in parts)

    def map(self, raw: Mapping[str, Any], key: str = "") -> Mapped:
        """Translate one raw record. Problems are collected, never raised: the item is kept and can be replayed."""
        data: dict[str, Any] = {}
        problems: list[MappingProblem] = []
        for each in self.object.fields:
            spec = self.fields.get(each.name)
            if spec is None:
                value: Any = None
            elif "constant" in spec:
                value = spec["constant"]
            else:
                value = path_read(raw, spec.get("source", ""))
            if value is None or value == "":
                if each.required:
                    problems.append(self._problem(each, "missing", gettext_noop("%(field)s is missing.")))
                continue
            try:
                data[each.name] = self._value(each, value, spec or {})
            except LookupError:
                problems.append(
                    self._problem(
                        each,
                        "unknown_code",
                        gettext_noop("%(field)s has the unknown code “%(value)s”."),
                        value,
                    )
                )
            except (ValueError, ArithmeticError, TypeError):
                problems.append(
                    self._problem(
                        each, "bad_value", gettext_noop("%(field)s cannot be read from “%(value)s”."), value
                    )
                )
        key = text_clean(key or self.key_of(raw))
        if not key or len(key) > 200:
            words = localized(gettext_noop("The record's key is missing or too long."))
            problems.append(MappingProblem("", "key", words))
        return Mapped(key[:200], data, tuple(problems))

    def _problem(self, each: DictionaryField, code: str, text: str, value: Any = "") -> MappingProblem:
        return MappingProblem(
            each.name, code, localized(text, field=each.label, value=text_clean(str(value))[:60])
        )

    def _value(self, each: DictionaryField, value: Any, spec: Mapping[str, Any]) -> Any:
        if each.type in (FieldType.DECIMAL, FieldType.INTEGER):
            number = decimal_read(value) * Decimal(str(spec.get("factor", "1")))
            if each.type is FieldType.INTEGER:
                if number != number.to_integral_value():
                    raise ValueError(value)
                return int(number)
            return decimal_text(number, each.decimals)
        if each.type is FieldType.CODE or each.name in self.definition.get("codes", {}):
            return self._code(each, str(value))
        if each.type is FieldType.BOOLEAN:
            text = str(value).strip().lower()
            if text not in TRUE_TEXTS | FALSE_TEXTS:
                raise ValueError(value)
            return text in TRUE_TEXTS
        if each.type is FieldType.DATE:
            if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
                return value.isoformat()
            text = str(value).strip()
            return dt.date.fromisoformat(text).isoformat() if len(text) == 10 else (
                moment_read(value, self.zone).astimezone(self.zone).date().isoformat()
            )  # fmt: skip
        if each.type is FieldType.DATETIME:
            return moment_read(value, self.zone).isoformat()
        if each.type is FieldType.LIST:
            if not isinstance(value, list):
                raise ValueError(value)
            return raw_json(value)
        if isinstance(value, dict | list):
            raise ValueError(value)
        return text_clean(str(value))

    def _code(self, each: DictionaryField, value: str) -> str:
        table: Mapping[str, str] = self.definition.get("codes", {}).get(each.name, {})
        if value in table:
            return table[value]
        if not table and value in {code for code, _label in each.codes}:
            return value
        raise LookupError(value)

    def unmap(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Canonical parameters of a write → the ERP's units and codes, under canonical names.

        Raises Rejected for a value the ERP has no code for: it never goes out raw.
        """
        result: dict[str, Any] = {}
        for name, value in values.items():
            each = self.object.by_name.get(name)
            spec = self.fields.get(name, {})
            if each is None or value is None:
                result[name] = value
            elif each.type in (FieldType.DECIMAL, FieldType.INTEGER):
                result[name] = decimal_read(value) / Decimal(str(spec.get("factor", "1")))
            elif each.type is FieldType.CODE or name in self.definition.get("codes", {}):
                result[name] = self._code_out(each, str(value))
            else:
                result[name] = value
        return result

    def _code_out(self, each: DictionaryField, value: str) -> str:
        table: Mapping[str, str] = self.definition.get("codes", {}).get(each.name, {})
        known = {code: code for code, _label in each.codes}
        found = [code for code, canonical in (table or known).items() if canonical == value]
        if len(found) != 1:
            words = _("%(field)s: the ERP has several codes for “%(value)s”. Leave one in the mapping.")
            if not found:
                words = _("%(field)s: the ERP has no code for “%(value)s”. Add it to the mapping.")
            raise Rejected(words % {"field": str(each.label), "value": value})
        return found[0]


def definition_check(
    dictionary_object: DictionaryObject, definition: Mapping[str, Any]
) -> list[MappingProblem]:
    """What keeps a mapping from being used: an unmapped required field, an unknown name, a code without a meaning."""
    problems: list[MappingProblem] = []
    fields = definition.get("fields", {})
    if not definition.get("key"):
        problems.append(_wrong("", "key", gettext_noop("Choose the field that identifies a record.")))
    if not isinstance(fields, Mapping) or not all(isinstance(spec, Mapping) for spec in fields.values()):
        return [*problems, _wrong("", "shape", gettext_noop("The mapping of the fields is not readable."))]
    zone = definition.get("time_zone") or "UTC"
    try:
        zoneinfo.ZoneInfo(str(zone))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        problems.append(
            _wrong("", "time_zone", gettext_noop("“%(zone)s” is not a time zone."), zone=str(zone)[:60])
        )
    for each in dictionary_object.fields:
        spec = fields.get(each.name, {})
        if each.required and not (spec.get("source") or "constant" in spec):
            problems.append(
                _wrong(each.name, "required", gettext_noop("%(field)s must be mapped."), field=each.label)
            )
        if not _factor_is_usable(spec.get("factor", "1")):
            problems.append(
                _wrong(
                    each.name,
                    "factor",
                    gettext_noop("%(field)s: the factor must be a number above 0."),
                    field=each.label,
                )
            )
        known = {code for code, _label in each.codes}
        for code in definition.get("codes", {}).get(each.name, {}).values():
            if known and code not in known:
                text = gettext_noop("%(field)s: “%(value)s” is not one of its codes.")
                problems.append(_wrong(each.name, "code", text, field=each.label, value=code))
    for name in fields:
        if name not in dictionary_object.by_name:
            text = gettext_noop("“%(name)s” is not a field of the dictionary.")
            problems.append(_wrong(name, "unknown", text, name=name))
    return problems


def _wrong(field_name: str, code: str, text: str, **values: Any) -> MappingProblem:
    return MappingProblem(field_name, code, localized(text, **values))


def _factor_is_usable(factor: Any) -> bool:
    try:
        return decimal_read(factor) > 0
    except ValueError:
        return False
