"""Fields and objects a connection adds to the dictionary, found by discovery. Versioned rows; nothing is altered in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from connectors.dictionary.extension import object_extend
from connectors.dictionary.objects import OBJECTS_BY_NAME
from connectors.dictionary.types import DictionaryObject
from connectors.models import Connection, ObjectExtension
from connectors.selectors import GENERATION
from kernel.audit import audit_record
from kernel.errors import ConfigError
from kernel.generation import generation_bump


def extension_save(
    actor: Any, connection: Connection, object_name: str, definition: Mapping[str, Any]
) -> DictionaryObject:
    """Store what this connection adds to `object_name` as a new version; returns the object as it is then.

    Raises ConfigError for a name that does not begin with `x_`, a name used twice or an unknown type.
    """
    names = [str(each.get("name", "")) for each in definition.get("fields", ())]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ConfigError(_("Used twice: %(names)s.") % {"names": ", ".join(sorted(twice))})
    extended = object_extend(OBJECTS_BY_NAME.get(object_name), object_name, definition)
    with transaction.atomic():
        rows = ObjectExtension.objects.select_for_update(no_key=True).filter(
            connection=connection, object=object_name
        )
        latest = rows.order_by("-version").first()
        rows.update(active=False)
        row = ObjectExtension.objects.create(
            connection=connection,
            object=object_name,
            version=latest.version + 1 if latest else 1,
            definition=dict(definition),
        )
        generation_bump(GENERATION)
        audit_record(actor, "dictionary.extended", row, f"{object_name} v{row.version}")
    return extended


def extension_field_add(
    actor: Any, connection: Connection, object_name: str, field: Mapping[str, Any]
) -> DictionaryObject:
    """Add one field, or replace the added field of that name."""
    row = ObjectExtension.objects.filter(connection=connection, object=object_name, active=True).first()
    definition: dict[str, Any] = dict(row.definition) if row else {}
    kept = [each for each in definition.get("fields", ()) if each.get("name") != field.get("name")]
    return extension_save(actor, connection, object_name, {**definition, "fields": [*kept, dict(field)]})


def access_save(
    actor: Any,
    connection: Connection,
    object_name: str,
    *,
    needs: Sequence[str],
    treatments: Mapping[str, str],
) -> DictionaryObject:
    """Which dimensions a grant must cover for a record of this object here, and how each field class is hidden.

    Raises ConfigError for a dimension no field of the object fills.
    """
    row = ObjectExtension.objects.filter(connection=connection, object=object_name, active=True).first()
    definition: dict[str, Any] = dict(row.definition) if row else {}
    definition |= {"needs": list(needs), "treatments": dict(treatments)}
    return extension_save(actor, connection, object_name, definition)
