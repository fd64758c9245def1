"""Questions about connections, their dictionary and their records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.dictionary.extension import object_extend
from connectors.dictionary.objects import OBJECTS_BY_NAME
from connectors.dictionary.own import OWN_BY_NAME
from connectors.dictionary.types import DictionaryObject
from connectors.mapping import CompiledMapping
from connectors.models import Connection, ConnectionState, ObjectExtension, ObjectMapping, Record
from kernel.errors import ConfigError
from kernel.generation import Cached

GENERATION = "connections"
CHANNELS = ("read", "hook")


@dataclass(frozen=True)
class _Known:
    objects: Mapping[tuple[int, str], DictionaryObject]
    mappings: Mapping[tuple[int, str, str], CompiledMapping | ConfigError]


def _known_build() -> _Known:
    objects: dict[tuple[int, str], DictionaryObject] = {}
    for extension in ObjectExtension.objects.filter(active=True):
        objects[extension.connection_id, extension.object] = object_extend(
            OBJECTS_BY_NAME.get(extension.object), extension.object, extension.definition
        )
    mappings: dict[tuple[int, str, str], CompiledMapping | ConfigError] = {}
    for row in ObjectMapping.objects.filter(active=True):
        found = objects.get((row.connection_id, row.object)) or OBJECTS_BY_NAME.get(row.object)
        if found is None:
            continue
        try:
            mapping: CompiledMapping | ConfigError = CompiledMapping(found, row.definition, row.version)
        except ConfigError as error:  # raised to whoever asks for this mapping, not to everybody
            mapping = error
        mappings[row.connection_id, row.object, row.channel] = mapping
    return _Known(objects, mappings)


_known: Cached[_Known] = Cached(GENERATION, _known_build)


def dictionary_object(connection_id: int, name: str) -> DictionaryObject:
    """The object as this connection knows it. Raises ConfigError for a name nobody knows."""
    found = (
        _known.get().objects.get((connection_id, name)) or OBJECTS_BY_NAME.get(name) or OWN_BY_NAME.get(name)
    )
    if found is None:
        raise ConfigError(f"The dictionary has no object “{name}”.")
    return found


def dictionary_objects(connection_id: int) -> list[DictionaryObject]:
    """Shipped objects (extended where the connection extends them), then the connection's own."""
    extended = {name: each for (owner, name), each in _known.get().objects.items() if owner == connection_id}
    shipped = [extended.pop(name, each) for name, each in OBJECTS_BY_NAME.items()]
    return shipped + list(extended.values())


def extended_objects() -> list[tuple[int, DictionaryObject]]:
    """(connection, object) for every object a connection changes or adds."""
    return [(owner, each) for (owner, _name), each in _known.get().objects.items()]


def mapping_find(connection_id: int, object_name: str, channel: str = "read") -> CompiledMapping | None:
    """None when this connection does not map the object. Raises ConfigError for a mapping that does not compile."""
    found = _known.get().mappings.get((connection_id, object_name, channel))
    if isinstance(found, ConfigError):
        raise found
    return found


def mapping_get(connection_id: int, object_name: str, channel: str = "read") -> CompiledMapping:
    """Raises ConfigError when this connection does not map the object."""
    found = mapping_find(connection_id, object_name, channel)
    if found is None:
        raise ConfigError(f"“{object_name}” is not mapped on this connection. Add a mapping first.")
    return found


def fields_mapped(connection_id: int, object_name: str) -> frozenset[str] | None:
    """The fields of the object that arrive from this connection, read or posted; None when it is not mapped."""
    if object_name in OWN_BY_NAME:
        return frozenset(OWN_BY_NAME[object_name].by_name)
    found = [_known.get().mappings.get((connection_id, object_name, channel)) for channel in CHANNELS]
    usable = [each for each in found if isinstance(each, CompiledMapping)]
    return frozenset(name for each in usable for name in each.fields) if usable else None


def hook_mappings(connection_id: int) -> list[CompiledMapping]:
    return [
        each
        for (owner, _name, channel), each in _known.get().mappings.items()
        if owner == connection_id and channel == "hook" and isinstance(each, CompiledMapping)
    ]


def _messengers_build() -> list[Connection]:
    return list(
        Connection.objects.filter(kind="im").exclude(state=ConnectionState.DRAFT).order_by("name", "pk")
    )


_messengers: Cached[list[Connection]] = Cached(GENERATION, _messengers_build)


def messenger_connections() -> Sequence[Connection]:
    """Those people are reached through. Not for sending: what a breaker or a limit notes on a row is older here."""
    return _messengers.get()


def record_find(connection: Connection | int, object_name: str, key: str) -> Record | None:
    pk = connection if isinstance(connection, int) else connection.pk
    return Record.objects.filter(connection_id=pk, object=object_name, key=key).first()


def caches_clear() -> None:
    _known.clear()
    _messengers.clear()
