"""Which objects of a connection are recorded."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from connectors.models import Connection, RecordedObject
from connectors.selectors import mapping_get
from kernel import clock, doorbell
from kernel.audit import audit_record
from kernel.errors import ConfigError

POLL_QUEUE = "poll"


def recording_start(actor: Any, connection: Connection, object_name: str) -> None:
    """Record an object from now on: its first walk stores what is there and makes no events.

    Raises ConfigError for an object that is not mapped, or a connector that cannot be polled.
    """
    mapping_get(connection.pk, object_name)
    erp = connection.manifest.erp
    if erp is None or not erp.polls:
        raise ConfigError(_("This connector cannot be polled; it is sent events instead."))
    with transaction.atomic():
        RecordedObject.objects.get_or_create(
            connection=connection, object=object_name, defaults={"available_at": clock.now()}
        )
        audit_record(actor, "connection.recording_started", connection, object_name)
        doorbell.ring(POLL_QUEUE)


def recording_stop(actor: Any, connection: Connection, object_name: str) -> None:
    """No more polling of this object; records and events stay. Recording again begins with a first walk."""
    with transaction.atomic():
        RecordedObject.objects.filter(connection=connection, object=object_name).delete()
        audit_record(actor, "connection.recording_stopped", connection, object_name)
