"""Through what people are reached: the built-in messenger, there from the first start, and what follows a channel."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.translation import gettext as _

from connectors.models import Connection, ConnectionState
from connectors.services.connections import connection_register
from messaging.services.interactions import Target
from permissions.identities import BUILT_IN
from permissions.models import Identity, IdentityState, User

INBOX_SLUG = "inbox"


def inbox_ensure() -> Connection:
    """The inbox connection, made when it is not there."""
    found = Connection.objects.filter(connector=BUILT_IN).first()
    if found is None:
        found, _report = connection_register(
            None, name=_("Inbox"), slug=INBOX_SLUG, connector=BUILT_IN, values={}
        )
    return found


def channel_next(user: User, tried: Collection[int], purpose: str) -> Target | None:
    """The next way to this person: another messenger the person is linked to, oldest link first, then the inbox."""
    if not user.is_active:
        return None
    linked = (
        Identity.objects.filter(
            user=user,
            state=IdentityState.ACTIVE,
            connection__kind="im",
            connection__state=ConnectionState.ACTIVE,
        )
        .exclude(connection_id__in=tried)
        .select_related("connection")
        .order_by("pk")
        .first()
    )
    if linked is not None:
        return Target(user, linked.connection, linked.external_id, purpose)
    inbox = Connection.objects.filter(connector=BUILT_IN, state=ConnectionState.ACTIVE).first()
    if inbox is None or inbox.pk in tried:
        return None
    return Target(user, inbox, user.username, purpose)
