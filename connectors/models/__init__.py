"""Rows of the outside world: connections, mappings, what is recorded, the record store, events."""

from connectors.models.connection import Connection, ConnectionState, ObjectExtension, ObjectMapping
from connectors.models.event import Event, EventState, Outcome
from connectors.models.record import Record, RecordedObject

__all__ = [
    "Connection",
    "ConnectionState",
    "Event",
    "EventState",
    "ObjectExtension",
    "ObjectMapping",
    "Outcome",
    "Record",
    "RecordedObject",
]
