"""A run drawn as its rule: every node of the version it ran with, what each saw and took, and the ways not taken.

A node's `path` is that of the step (workflows/nesting.py), so that `#/steps/0/buttons/ok/then/0` leads to it on the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from kernel.errors import ConfigError
from kernel.text import Localized
from workflows.catalog import ACTIONS
from workflows.models import Run, RunState, Step, StepState
from workflows.nesting import list_at, lists_inside
from workflows.selectors.runhops import Hop, iso

MOST_LINES = 10
MOODS = {
    StepState.DONE: "good",
    StepState.WAITING: "wait",
    StepState.READY: "wait",
    StepState.REFUSED: "bad",
    StepState.DEAD: "bad",
}
ICONS = {"trigger": "bolt", "condition": "rule", "end": "flag"}
ACTION_ICONS = {
    "ask": "contact_support",
    "send": "send",
    "create_document": "note_add",
    "branch": "fork_right",
}


@dataclass(frozen=True)
class Way:
    """One list of actions inside a node: behind a button, one side of a branch, one line of a loop."""

    label: str
    taken: bool
    nodes: Sequence[Node]

    def as_json(self) -> dict[str, Any]:
        return {"label": self.label, "taken": self.taken, "nodes": [each.as_json() for each in self.nodes]}


@dataclass(frozen=True)
class Node:
    """`mood`: good, bad, wait, plain, or never (it did not come to that). `seconds`: from its start to its end."""

    path: str
    kind: str
    title: str
    mood: str
    icon: str = "play_arrow"
    text: str = ""
    seconds: float | None = None
    attempts: int = 0
    hops: Sequence[Hop] = ()
    ways: Sequence[Way] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "kind": self.kind,
            "title": self.title,
            "mood": self.mood,
            "text": self.text,
            "seconds": self.seconds,
            "attempts": self.attempts,
            "at": iso(next((each.at for each in self.hops if each.at is not None), None)),
            "ways": [each.as_json() for each in self.ways],
        }


def run_graph(run: Run, steps: Sequence[Step], hops: Sequence[Hop]) -> list[Node]:
    """From the trigger to the end. `hops` are the story's, masked for the reader; no query is made."""
    return _Graph(run, steps, hops).nodes()


class _Graph:
    def __init__(self, run: Run, steps: Sequence[Step], hops: Sequence[Hop]) -> None:
        self.run, self.raw = run, run.version.definition
        self.steps: dict[str, list[Step]] = {}
        for step in steps:
            self.steps.setdefault(step.path, []).append(step)
        self.hops: dict[str, list[Hop]] = {}
        for hop in hops:
            self.hops.setdefault(hop.path, []).append(hop)

    def nodes(self) -> list[Node]:
        run, event = self.run, self.run.event
        noticed = _between(event.occurred_at, event.detected_at)
        found = [
            Node("/trigger", "trigger", _("What started it"), "good", ICONS["trigger"], seconds=noticed, hops=self._hops("/trigger")),
            Node("/condition", "condition", _("Its condition"), "good", ICONS["condition"], hops=self._hops("/condition"),
                 seconds=_between(event.detected_at, event.planned_at)),
            *self._list("/steps"),
        ]  # fmt: skip
        if run.ended_at is not None:
            mood = {RunState.FAILED: "bad", RunState.CANCELLED: "plain"}.get(RunState(run.state), "good")
            found.append(
                Node("/end", "end", str(run.get_state_display()), mood, ICONS["end"],
                     seconds=_between(run.started_at, run.ended_at), hops=self._hops("/end"))
            )  # fmt: skip
        return found

    def _hops(self, path: str) -> Sequence[Hop]:
        return self.hops.get(path, [])

    def _list(self, head: str) -> list[Node]:
        try:
            specs = list_at(self.raw, head)
        except ConfigError:
            return []
        return [self._step(f"{head}/{index}", spec) for index, spec in enumerate(specs)]

    def _step(self, path: str, spec: Mapping[str, Any]) -> Node:
        key = str(spec.get("action"))
        label = ACTIONS.get(key).label if key in ACTIONS else Localized(key, key)
        rows = self.steps.get(path, [])
        hops = self._hops(path)
        last = rows[-1] if rows else None
        return Node(
            path,
            "step",
            str(label),
            MOODS.get(StepState(last.state), "plain") if last is not None else "never",
            ACTION_ICONS.get(key, "play_arrow"),
            text=next((each.title for each in hops), "") if rows else _("It did not come to this."),
            seconds=_between(last.created_at, last.ended_at) if last is not None else None,
            attempts=sum(len(each.attempts) for each in hops),
            hops=hops,
            ways=self._ways(path, spec),
        )

    def _ways(self, path: str, spec: Mapping[str, Any]) -> list[Way]:
        found: list[Way] = []
        for inside in lists_inside(spec, ""):
            if inside.button is not None:
                key = str(inside.button.get("key"))
                head = f"{path}/buttons/{key}/then"
                label = str(Localized.from_json(inside.button.get("label") or key))
                answers = [each for each in self._hops(f"{path}/buttons/{key}") if each.mood == "good"]
                who = [Node(f"{path}/buttons/{key}", "answer", each.title, "good", "how_to_reg", hops=[each])
                       for each in answers]  # fmt: skip
                found.append(Way(label, bool(answers) or self._ran(head), [*who, *self._list(head)]))
            elif inside.name == "do":
                found += self._lines(path)
            else:
                head = f"{path}/{inside.name}"
                label = _("then") if inside.name == "then" else _("otherwise")
                found.append(Way(label, self._ran(head), self._list(head)))
        return found

    def _ran(self, head: str) -> bool:
        return any(each.startswith(f"{head}/") for each in self.steps)

    def _lines(self, path: str) -> list[Way]:
        prefix = f"{path}/lines/"
        numbers = {each.removeprefix(prefix).split("/")[0] for each in self.steps if each.startswith(prefix)}
        lines = sorted(int(each) for each in numbers if each.isdigit())[:MOST_LINES]
        return [
            Way(_("line %(number)s") % {"number": each + 1}, True, self._list(f"{prefix}{each}/do"))
            for each in lines
        ]


def _between(start: Any, end: Any) -> float | None:
    return (end - start).total_seconds() if start is not None and end is not None else None
