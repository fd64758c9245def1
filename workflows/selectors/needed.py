"""What would have made a condition true: for each part that was not, the nearest change of what it saw.

Works on the stored or computed trace (workflows/conditions/trace.py). The caller has made sure that the reader may see
every field the condition decides by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from messaging.formatting import field_format
from workflows.conditions.words import condition_words, pointer_resolve
from workflows.selectors.shown import RecordView

OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "===": "!=", "!=": "==", "!==": "=="}
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "===": "==", "!=": "!=", "!==": "!="}


@dataclass(frozen=True)
class Needed:
    """`kind`: "one" (a sentence), "all" or "any" (of `parts`)."""

    kind: str
    text: str = ""
    parts: tuple[Needed, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "text": self.text, "parts": [each.as_json() for each in self.parts]}


def condition_needed(logic: Any, trace: Mapping[str, Any], view: RecordView) -> Needed | None:
    """None where it was true already. `trace` is Trace.as_json() of `logic`."""
    return _Needs(logic, view).of(trace, True)


class _Needs:
    def __init__(self, logic: Any, view: RecordView) -> None:
        self.logic, self.view = logic, view

    def of(self, node: Mapping[str, Any], wanted: bool) -> Needed | None:
        if node.get("verdict") == str(wanted).lower():
            return None
        operator = str(node.get("operator"))
        parts = [each for each in node.get("operands", ()) if "verdict" in each]
        if operator == "!" and len(parts) == 1:
            return self.of(parts[0], not wanted)
        if operator in ("and", "or") and parts:
            found = tuple(need for each in parts if (need := self.of(each, wanted)) is not None)
            if len(found) == 1:
                return found[0]
            return Needed("all" if (operator == "and") is wanted else "any", parts=found)
        return Needed("one", self._sentence(node, operator, wanted))

    def _sentence(self, node: Mapping[str, Any], operator: str, wanted: bool) -> str:
        return self._missing(node) or self._compared(node, operator, wanted) or self._generic(node, wanted)

    def _missing(self, node: Mapping[str, Any]) -> str:
        names = [self._label(str(each["path"])) for each in node.get("unknown", ())]
        return _("%(fields)s would have to be filled in.") % {"fields": ", ".join(names)} if names else ""

    def _compared(self, node: Mapping[str, Any], operator: str, wanted: bool) -> str:
        operands = node.get("operands", ())
        if operator not in OPPOSITE or len(operands) != 2 or any("verdict" in each for each in operands):
            return ""
        left, right = operands
        if not left.get("path"):
            left, right, operator = right, left, MIRRORED[operator]
        if not left.get("path") or left.get("value") is None or right.get("value") is None:
            return ""
        wanted_operator = operator if wanted else OPPOSITE[operator]
        words = {
            "field": self._label(left["path"]),
            "value": self._value(left["path"], left["value"]),
            "bound": self._value(left["path"], right["value"]),
        }
        sentences = {
            "<": _("%(field)s is %(value)s; it would have to be less than %(bound)s.") % words,
            "<=": _("%(field)s is %(value)s; it would have to be at most %(bound)s.") % words,
            ">": _("%(field)s is %(value)s; it would have to be greater than %(bound)s.") % words,
            ">=": _("%(field)s is %(value)s; it would have to be at least %(bound)s.") % words,
            "==": _("%(field)s is %(value)s; it would have to be %(bound)s.") % words,
            "!=": _("%(field)s is %(value)s; it would have to be something else.") % words,
        }
        sentence = sentences[wanted_operator.replace("===", "==").replace("!==", "!=")]
        away = _difference(left["value"], right["value"])
        return f"{sentence} {away}" if away and wanted_operator not in ("!=", "!==") else sentence

    def _generic(self, node: Mapping[str, Any], wanted: bool) -> str:
        about = self.view.about
        part = pointer_resolve(self.logic, str(node.get("pointer", "")))
        words = condition_words(part, about).in_language(self.view.language) if about is not None else "…"
        if wanted:
            return _("This would have to be so: %(words)s.") % {"words": words}
        return _("This would have to be otherwise: %(words)s.") % {"words": words}

    def _label(self, path: str) -> str:
        about = self.view.about
        return condition_words({"var": path}, about).in_language(self.view.language) if about else path

    def _value(self, path: str, value: Any) -> str:
        name = path.partition(".")[2]
        known = self.view.about.by_name.get(name) if self.view.about is not None else None
        if known is None:
            return str(value)
        return field_format(known, {**self.view.data, name: value}, self.view.language, self.view.zone)


def _difference(value: Any, bound: Any) -> str:
    """How far apart two numbers are; empty for anything else."""
    try:
        apart = abs(Decimal(str(value)) - Decimal(str(bound)))
    except InvalidOperation:
        return ""
    if isinstance(value, bool) or isinstance(bound, bool) or not apart.is_finite() or not apart:
        return ""
    return _("(They are %(count)s apart.)") % {"count": f"{apart.normalize():f}"}
