"""An asker that does nothing, for messages of no rule. It notes what it was told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from messaging.models import Answer, Interaction


class QuietHandler:
    """messaging.bindings.InteractionHandler."""

    def __init__(self) -> None:
        self.lost: list[tuple[int, str]] = []

    def answer_refuse(self, *_asked: Any) -> None:
        return None

    def answered(self, interaction: Interaction, answer: Answer) -> None: ...

    def expired(self, interaction: Interaction) -> None: ...

    def delivered(self, interactions: Sequence[Interaction]) -> None: ...

    def undeliverable(self, interaction: Interaction, reason: str) -> None:
        self.lost.append((interaction.pk, reason))

    def unconfirmed(self, interaction: Interaction) -> list[str]:
        return []
