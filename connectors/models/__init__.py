"""Rows of the outside world: connections, mappings, what is recorded, the record store, events."""

from connectors.models.connection import Connection, ConnectionState, ObjectExtension, ObjectMapping
from connectors.models.counter import CounterCheck, CounterState
from connectors.models.event import Event, EventState, Outcome
from connectors.models.record import Record, RecordedObject

__all__ = [
    "Connection",
    "ConnectionState",
    "CounterCheck",
    "CounterState",
    "Event",
    "EventState",
    "ObjectExtension",
    "ObjectMapping",
    "Outcome",
    "Record",
    "RecordedObject",
]
