"""What a rule's condition saw when it fired, part by part, in words and for one reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kernel.text import Localized
from messaging.formatting import field_format
from permissions.policies import MASK
from workflows.conditions import Verdict
from workflows.conditions.words import condition_words, pointer_resolve
from workflows.models import Run
from workflows.selectors.shown import FieldView, RecordView


@dataclass(frozen=True)
class ConditionView:
    """A part of the condition: `verdict` true, false or unknown; `seen` the values it compared."""

    words: str
    verdict: str
    seen: Sequence[FieldView] = ()
    note: str = ""
    parts: Sequence[ConditionView] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "words": self.words,
            "verdict": self.verdict,
            "seen": [each.as_json() for each in self.seen],
            "note": self.note,
            "parts": [each.as_json() for each in self.parts],
        }


def condition_view(run: Run, view: RecordView, before: RecordView) -> ConditionView | None:
    """None when no trace was stored, or the object is no longer known. Masks as `view` and `before` do."""
    tree = run.trace.get("condition")
    if not isinstance(tree, Mapping) or view.about is None:
        return None
    return _Reader(run.version.definition.get("condition", True), view, before).part(tree)


class _Reader:
    def __init__(self, logic: Any, view: RecordView, before: RecordView) -> None:
        self.logic, self.view, self.before = logic, view, before

    def part(self, node: Mapping[str, Any]) -> ConditionView:
        assert self.view.about is not None
        part = pointer_resolve(self.logic, str(node.get("pointer", "")))
        words = condition_words(part, self.view.about).in_language(self.view.language)
        operands = [each for each in (*node.get("operands", ()), *node.get("items", ()))]
        return ConditionView(
            words=words,
            verdict=str(node.get("verdict", Verdict.UNKNOWN)),
            seen=self._seen(operands),
            note=self._note(node),
            parts=[self.part(each) for each in operands if "verdict" in each],
        )

    def _seen(self, operands: Sequence[Mapping[str, Any]]) -> list[FieldView]:
        """The fields below, down to the next condition, each once."""
        found: dict[str, FieldView] = {}
        for each in operands:
            if "verdict" in each:
                continue
            if each.get("path"):
                found.setdefault(each["path"], self._field(each["path"], each.get("value")))
            for deeper in self._seen(each.get("operands", ())):
                found.setdefault(deeper.name, deeper)
        return list(found.values())

    def _field(self, path: str, value: Any) -> FieldView:
        root, _dot, name = path.partition(".")
        name = name.partition(".")[0]
        view = self.before if root == "before" else self.view
        label = (
            view.label(name)
            if root == "record"
            else condition_words({"var": path}, view.about).in_language(view.language)
            if view.about
            else path
        )
        if root in ("record", "before", "shown") and view.hides(name):
            return FieldView(path, label, MASK, True)
        known = view.about.by_name.get(name) if view.about is not None else None
        if known is None or path.count(".") > 1 or value is None:
            return FieldView(path, label, "–" if value is None else str(value))
        return FieldView(
            path, label, field_format(known, {**view.data, name: value}, view.language, view.zone)
        )

    def _note(self, node: Mapping[str, Any]) -> str:
        notes = []
        for each in node.get("unknown", ()):
            shown = self._field(str(each["path"]), None)
            notes.append(f"{shown.label}: {MASK if shown.masked else Localized.from_json(each['why'])}")
        return "; ".join(notes)
