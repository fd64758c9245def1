"""Values of a record as one person may see them: the gate decides on each state by its own scopes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from connectors.dictionary.types import DictionaryObject
from connectors.models import Event
from connectors.selectors import dictionary_object
from connectors.services.records import scope_columns
from kernel.errors import ConfigError
from messaging.formatting import field_format
from permissions.policies import MASK, Decision, Gate


@dataclass(frozen=True)
class FieldView:
    """One field, formatted for the reader."""

    name: str
    label: str
    value: str
    masked: bool = False

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "label": self.label, "value": self.value, "masked": self.masked}


@dataclass(frozen=True)
class RecordView:
    """One state of a record for one person. When the gate denies it, every value and the key are masked."""

    about: DictionaryObject | None
    data: Mapping[str, Any]
    decision: Decision
    language: str = field(default_factory=lambda: get_language() or "en")
    zone: str = field(default_factory=get_current_timezone_name)

    def hides(self, name: str) -> bool:
        return not self.decision.allowed or name in self.decision.masked

    def value(self, name: str) -> str:
        """The field as text for the reader; when hidden, what its class puts in its place."""
        if not self.decision.allowed:
            return MASK
        if self.hides(name):
            return str(self.decision.shown(name, self.data.get(name)) or "–")
        known = self.about.by_name.get(name) if self.about is not None else None
        if known is None:
            return str(self.data.get(name, "–"))
        return field_format(known, self.data, self.language, self.zone)

    def label(self, name: str) -> str:
        known = self.about.by_name.get(name) if self.about is not None else None
        return known.label.in_language(self.language) if known is not None else name

    def fields(self) -> list[FieldView]:
        """The fields that have a value, in the dictionary's order."""
        order = list(self.about.by_name) if self.about is not None else []
        names = [name for name in order if name in self.data] + [
            name for name in self.data if name not in order
        ]
        return [
            FieldView(name, self.label(name), self.value(name), self.hides(name))
            for name in names
            if not self.decision.leaves_out(name)
        ]

    def key(self, key: str) -> str:
        return key if self.decision.allowed else MASK

    @property
    def title(self) -> str:
        """The fields people know the record by."""
        if self.about is None or not self.decision.allowed:
            return ""
        words = [
            self.value(name) for name in self.about.title_fields if self.data.get(name) not in (None, "")
        ]
        return " · ".join(words)

    def masked_json(self) -> dict[str, Any]:
        """Canonical values, those that are hidden replaced or left out, for programs."""
        return {
            name: self.decision.shown(name, value)
            for name, value in self.data.items()
            if not self.decision.leaves_out(name)
        }


def about_find(connection_id: int, name: str) -> DictionaryObject | None:
    """The dictionary object; None where the connection no longer has it."""
    try:
        return dictionary_object(connection_id, name)
    except ConfigError:
        return None


def state_view(
    gate: Gate, connection_id: int, object_name: str, data: Mapping[str, Any] | None
) -> RecordView:
    """`data` is canonical. An object nobody knows (any more) is shown to nobody."""
    about = about_find(connection_id, object_name)
    if about is None:
        return RecordView(None, data or {}, Decision(False))
    decision = gate.decide(about, scope_columns(about, data or {}), connection_id=connection_id)
    return RecordView(about, data or {}, decision)


def event_view(gate: Gate, event: Event) -> RecordView:
    """The state an event tells of: after it, or before it where the record is gone."""
    return state_view(gate, event.connection_id, event.object, event.after or event.before)


def payload_words(event: Event) -> str:
    """What an event whose payload was removed still says of it; empty for all others. event.connection is loaded."""
    if event.trimmed_at is None:
        return ""
    return _("Payload removed after %(days)s days.") % {"days": event.connection.retention_days}
