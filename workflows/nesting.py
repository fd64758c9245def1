"""Actions inside actions: what follows a button, the ways of a branch, what is done for each line. Pure.

A run addresses a step by its path (`/steps/0/buttons/create_po/then/0`, `/steps/1/otherwise/0`, `/steps/2/lines/7/do/0`);
what speaks against a definition by a JSON pointer (`/steps/0/params/buttons/0/then/0`). Both are read here only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kernel.errors import ConfigError

LISTS = ("then", "otherwise", "do")
"""Parameters that are lists of actions."""
MOST_DEEP = 5
MOST_STEPS = 200
StepJson = Mapping[str, Any]


@dataclass(frozen=True)
class Placed:
    """A step and where it stands. `button` is the one it follows, however far inside; `repeats`: inside a loop."""

    step: StepJson
    pointer: str
    depth: int = 0
    button: Mapping[str, Any] | None = None
    repeats: bool = False

    @property
    def action(self) -> str:
        return str(self.step.get("action"))

    @property
    def params(self) -> Mapping[str, Any]:
        found = self.step.get("params", {})
        return found if isinstance(found, Mapping) else {}


@dataclass(frozen=True)
class Inside:
    """One list of actions inside a step. `name` is its parameter; `pointer` counts from the definition's root."""

    name: str
    pointer: str
    steps: Any
    button: Mapping[str, Any] | None = None


def lists_inside(step: StepJson, pointer: str) -> Iterator[Inside]:
    """The lists of actions of one step, whatever is written there."""
    params = step.get("params", {})
    if not isinstance(params, Mapping):
        return
    buttons = params.get("buttons")
    for index, button in enumerate(buttons if isinstance(buttons, list) else ()):
        if isinstance(button, Mapping):
            where = f"{pointer}/params/buttons/{index}/then"
            yield Inside("then", where, button.get("then", []), button)
    for name in LISTS:
        if name in params:
            yield Inside(name, f"{pointer}/params/{name}", params[name])


def steps_walk(
    steps: Any,
    pointer: str = "/steps",
    *,
    depth: int = 0,
    button: Mapping[str, Any] | None = None,
    repeats: bool = False,
) -> Iterator[Placed]:
    """Every step, each before those inside it. What is no step is passed over."""
    for index, step in enumerate(steps if isinstance(steps, list | tuple) else ()):
        if not isinstance(step, Mapping):
            continue
        where = f"{pointer}/{index}"
        yield Placed(step, where, depth, button, repeats)
        if depth > MOST_DEEP:
            continue
        for each in lists_inside(step, where):
            yield from steps_walk(
                each.steps,
                each.pointer,
                depth=depth + 1,
                button=each.button or button,
                repeats=repeats or each.name == "do",
            )


def list_at(raw: Mapping[str, Any], head: str) -> Sequence[StepJson]:
    """The list of actions a path's head leads to, `/steps` or `/steps/1/otherwise`. Raises ConfigError."""
    try:
        tokens = head.strip("/").split("/")
        found: Any = raw[tokens.pop(0)]
        while tokens:
            params = found[int(tokens.pop(0))].get("params", {})
            name = tokens.pop(0)
            if name == "buttons":
                key, name = tokens.pop(0), tokens.pop(0)
                params = next(each for each in params["buttons"] if each["key"] == key)
            elif name == "lines":
                _line, name = tokens.pop(0), tokens.pop(0)
            found = params.get(name, []) if name in LISTS else params[name]
    except (IndexError, ValueError, KeyError, StopIteration, AttributeError, TypeError) as error:
        raise ConfigError(f"The rule has no actions at “{head}”.") from error
    return found if isinstance(found, list | tuple) else []


def path_split(path: str) -> tuple[str, int]:
    """The head of the list a step stands in, and its place there."""
    head, _, tail = path.rpartition("/")
    return head, int(tail)


def path_around(head: str) -> str | None:
    """The step whose list this is, where that goes on when the list is over; None behind a button and at the top."""
    outer, _, name = head.rpartition("/")
    if not outer or name not in LISTS:
        return None
    before, _, line = outer.rpartition("/")
    if before.endswith("/lines") and line.isdigit():
        return before.removesuffix("/lines")
    return None if before.endswith("/buttons") else outer


def is_answered(path: str) -> bool:
    """Whether the step follows somebody's answer."""
    return "/buttons/" in path


def path_following(raw: Mapping[str, Any], path: str) -> str | None:
    """The step after this one: in its list, else after the step around it. None when the run is over."""
    head, at = path_split(path)
    if at + 1 < len(list_at(raw, head)):
        return f"{head}/{at + 1}"
    around = path_around(head)
    return path_following(raw, around) if around is not None else None


def path_next(raw: Mapping[str, Any], path: str, into: str) -> str | None:
    """The first step of the list `into` inside this one where that has one, else the step after it."""
    inside = f"{path}/{into}"
    return f"{inside}/0" if into and list_at(raw, inside) else path_following(raw, path)


def button_at(raw: Mapping[str, Any], path: str) -> Mapping[str, Any] | None:
    """The button the step at `path` follows, the nearest one; None where it follows nobody's answer."""
    before, _, rest = path.rpartition("/buttons/")
    if not before:
        return None
    head, at = path_split(before)
    buttons = list_at(raw, head)[at].get("params", {}).get("buttons", ())
    return next((each for each in buttons if each.get("key") == rest.split("/")[0]), None)
