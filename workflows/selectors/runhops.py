"""The hops of a run's story, ready to be shown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workflows.selectors.shown import FieldView


@dataclass(frozen=True)
class AttemptView:
    number: int
    started_at: dt.datetime
    ended_at: dt.datetime | None
    outcome: str
    message: str

    @property
    def seconds(self) -> float | None:
        return (self.ended_at - self.started_at).total_seconds() if self.ended_at else None

    def as_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "started_at": iso(self.started_at),
            "ended_at": iso(self.ended_at),
            "seconds": self.seconds,
            "outcome": self.outcome,
            "message": self.message,
        }


@dataclass(frozen=True)
class PersonView:
    """One delivery: who, how, and when it was sent, delivered, seen."""

    name: str
    channel: str
    state: str
    state_text: str
    reason: str
    sent_at: dt.datetime | None
    delivered_at: dt.datetime | None
    seen_at: dt.datetime | None

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "channel": self.channel,
            "state": self.state,
            "state_text": self.state_text,
            "reason": self.reason,
            "sent_at": iso(self.sent_at),
            "delivered_at": iso(self.delivered_at),
            "seen_at": iso(self.seen_at),
        }


@dataclass(frozen=True)
class Hop:
    """One thing that happened. `mood`: good, bad, wait or plain. `replay_step`: a dead step to replay.

    `path` is the part of the rule it belongs to, see rungraph.py.
    """

    kind: str
    title: str
    at: dt.datetime | None
    mood: str = "plain"
    text: str = ""
    fields: Sequence[FieldView] = ()
    people: Sequence[PersonView] = ()
    attempts: Sequence[AttemptView] = ()
    notes: Sequence[str] = ()
    idempotency_key: str = ""
    replay_step: int | None = None
    seconds: float | None = None
    path: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "title": self.title,
            "at": iso(self.at),
            "seconds": self.seconds,
            "mood": self.mood,
            "text": self.text,
            "fields": [each.as_json() for each in self.fields],
            "people": [each.as_json() for each in self.people],
            "attempts": [each.as_json() for each in self.attempts],
            "notes": list(self.notes),
            "idempotency_key": self.idempotency_key,
            "replay_step": self.replay_step,
            "path": self.path,
        }


def iso(moment: dt.datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
