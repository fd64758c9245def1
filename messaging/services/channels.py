"""The built-in messenger: there from the first start, so that Baton works with no vendor account at all."""

from __future__ import annotations

from django.utils.translation import gettext as _

from connectors.models import Connection
from connectors.services.connections import connection_register
from permissions.identities import BUILT_IN

INBOX_SLUG = "inbox"


def inbox_ensure() -> Connection:
    """The inbox connection, made when it is not there."""
    found = Connection.objects.filter(connector=BUILT_IN).first()
    if found is None:
        found, _report = connection_register(
            None, name=_("Inbox"), slug=INBOX_SLUG, connector=BUILT_IN, values={}
        )
    return found
