"""Calls upwards: who acts on a decision. Bound by one explicit `subscribe()` at start-up, no signals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from kernel.errors import ConfigError
from kernel.text import Localized
from messaging.models import Answer, Interaction
from permissions.models import User


@dataclass(frozen=True)
class Difference:
    """A value that mattered and is no longer what the person saw. Already formatted, or masked, for that person."""

    name: str
    label: str
    before: str
    after: str

    def as_json(self) -> dict[str, str]:
        return {"name": self.name, "label": self.label, "before": self.before, "after": self.after}


@dataclass(frozen=True)
class Refusal:
    """Why an answer is not taken now. `changed`: what moved; the card is shown anew."""

    message: Localized
    changed: tuple[Difference, ...] = ()
    errors: Mapping[str, list[str]] | None = None


class InteractionHandler(Protocol):
    """What the asker of a question does with the answer. Everything runs inside the caller's transaction."""

    def answer_refuse(
        self, interaction: Interaction, user: User, button: str, inputs: Mapping[str, Any], version: int
    ) -> Refusal | None:
        """Anything that speaks against taking this answer (material change, precondition, bad input)."""
        ...

    def answered(self, interaction: Interaction, answer: Answer) -> None:
        """The answer is the decision: plan what follows."""
        ...

    def expired(self, interaction: Interaction) -> None: ...

    def delivered(self, interactions: Sequence[Interaction]) -> None:
        """A delivery of each of these interactions reached somebody for the first time."""
        ...

    def undeliverable(self, interaction: Interaction, reason: str) -> None:
        """A delivery ended refused or failed for good: find somebody else, or tell the owner."""
        ...

    def unconfirmed(self, interaction: Interaction) -> Sequence[str]:
        """Nobody is known to have seen it: ask the substitutes who were not asked yet. Returns their names."""
        ...


_handlers: dict[str, InteractionHandler] = {}


def subscribe(name: str, handler: InteractionHandler) -> None:
    _handlers[name] = handler


def handler_of(interaction: Interaction) -> InteractionHandler:
    """Raises ConfigError when nobody is bound to the interaction's handler name."""
    if interaction.handler not in _handlers:
        raise ConfigError(f"Nobody is bound to “{interaction.handler}”.")
    return _handlers[interaction.handler]


def bound(name: str) -> Any:
    return _handlers.get(name)


def interactions_delivered(interactions: Sequence[Interaction]) -> None:
    """Tell whoever acts on each of them that it reached somebody for the first time."""
    by_handler: dict[str, list[Interaction]] = {}
    for each in interactions:
        by_handler.setdefault(each.handler, []).append(each)
    for found in by_handler.values():
        handler_of(found[0]).delivered(found)
