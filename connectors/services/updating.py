"""Changing fields of records in an ERP: which ones may be, and what the connector is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any, cast

from django.utils.translation import gettext as _

from connectors.dictionary.types import FieldType
from connectors.mapping import CompiledMapping, path_read
from connectors.models import Connection
from connectors.ports.erp import RecordUpdate, SourceRecord, UpdatesRecords
from connectors.selectors import mapping_find
from connectors.services.factory import connector_build
from kernel.errors import BatonError, ConfigError

NEVER = (FieldType.LIST, FieldType.DATETIME)
"""Types that do not come back from a database as they went in."""


def can_update(connection: Connection) -> bool:
    """Whether connectors of this kind can change fields at all."""
    able = connection.manifest.erp
    return able is not None and able.updates


def fields_writable(connection: Connection, object_name: str) -> frozenset[str]:
    """Canonical fields of the object that an administrator allowed to be changed. Asks nobody."""
    if not can_update(connection):
        return frozenset()
    try:
        mapping = mapping_find(connection.pk, object_name)
        if mapping is None:
            return frozenset()
        with closing(
            connector_build(connection.connector, connection.settings, connection.credentials)
        ) as connector:
            allowed = cast(UpdatesRecords, connector).writable(mapping.source)
    except BatonError:  # settings that cannot be read allow nothing; the connection's test says why
        return frozenset()
    return frozenset(
        name
        for name, raw in _raw_names(mapping).items()
        if raw in allowed and _type(mapping, name) not in NEVER
    )


def update_of(mapping: CompiledMapping, item: SourceRecord, values: Mapping[str, Any]) -> RecordUpdate:
    """Canonical values → what the connector takes, to be compared with `item` as it was just read.

    Raises ConfigError for a field that is not mapped, Rejected for a value the ERP has no code for.
    """
    names = _raw_names(mapping)
    unknown = sorted(set(values) - set(names))
    if unknown:
        raise ConfigError(_("%(names)s cannot be changed: it is not mapped.") % {"names": ", ".join(unknown)})
    raw = {names[name]: value for name, value in mapping.unmap(values).items()}
    return RecordUpdate(mapping.source, item.key, raw, {name: path_read(item.data, name) for name in raw})


def _raw_names(mapping: CompiledMapping) -> dict[str, str]:
    return {
        name: str(spec["source"])
        for name, spec in mapping.fields.items()
        if spec.get("source") and "constant" not in spec and name in mapping.object.by_name
    }


def _type(mapping: CompiledMapping, name: str) -> FieldType:
    return mapping.object.by_name[name].type
