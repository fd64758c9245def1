"""Texts that mean a button: "下单 200", "order 200", "1". Never guessed: no match and ambiguity are told."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kernel.text import text_narrow

PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
# A value begins with no punctuation: in "order.200" the point ends a word and begins no number.
VALUE = r"(?P<{name}>[^\s.,;:]\S*(?:\s\S+)*?)"


@dataclass(frozen=True)
class Understood:
    """`button` is empty when no button was meant, or more than one could be."""

    button: str
    inputs: Mapping[str, str]


def reply_parse(text: str, buttons: Sequence[Mapping[str, Any]]) -> Understood:
    """`buttons` as on the card. Full-width digits and extra spaces are fine; case does not matter.

    A bare number N means the N-th button, unless the button needs an input that has no value yet.
    """
    said = " ".join(text_narrow(text).split())
    found: dict[str, dict[str, str]] = {}
    for number, button in enumerate(buttons, start=1):
        label = button.get("label", {})
        words = [*button.get("replies", ()), *(label.values() if isinstance(label, Mapping) else [label])]
        for pattern in [*words, str(number)]:
            values = _match(str(pattern), said)
            if values is not None:
                found.setdefault(button["key"], {}).update(values)
    if len(found) != 1:
        return Understood("", {})
    key, inputs = next(iter(found.items()))
    return Understood(key, inputs)


def _match(pattern: str, said: str) -> dict[str, str] | None:
    parts = PLACEHOLDER.split(text_narrow(pattern))
    expression = "".join(
        VALUE.format(name=part) if index % 2 else r"\s*".join(re.escape(word) for word in part.split(" "))
        for index, part in enumerate(parts)
    )
    match = re.fullmatch(expression, said, re.IGNORECASE)
    return match.groupdict() if match else None
