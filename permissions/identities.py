"""Accounts elsewhere ↔ people here."""

from __future__ import annotations

from collections.abc import Collection

from connectors.models import Connection
from permissions.models import Identity, IdentityState, User

BUILT_IN = "im.inbox"


def administrators() -> list[User]:
    """The active people who operate every connection: whom Baton tells of troubles of its own."""
    model_rights = "django.contrib.auth.backends.ModelBackend"
    return list(User.objects.with_perm("connectors.operate_connection", backend=model_rights).order_by("pk"))


def data_owners() -> list[User]:
    """The active people who say who may see what: whom Baton tells of what was shown to whom."""
    model_rights = "django.contrib.auth.backends.ModelBackend"
    return list(
        User.objects.with_perm("permissions.change_grant", backend=model_rights, include_superusers=False)
        .order_by("pk")
        .distinct()
    )


def person_for_account(connection_id: int, external_id: str) -> User | None:
    """The active user behind an account of this connection; None when unlinked, blocked or a leaver."""
    identity = (
        Identity.objects.select_related("user")
        .filter(connection_id=connection_id, external_id=external_id, state=IdentityState.ACTIVE)
        .first()
    )
    user = identity.user if identity else None
    return user if isinstance(user, User) and user.is_active else None


def address_for(user: User, connection: Connection) -> str | None:
    """Where this person is reached through a messenger connection; None when not linked there."""
    if connection.connector == BUILT_IN:
        return user.username if user.is_active else None
    identity = Identity.objects.filter(connection=connection, user=user, state=IdentityState.ACTIVE).first()
    return identity.external_id if identity and user.is_active else None


def people_for_addresses(connection: Connection, addresses: Collection[str]) -> dict[str, User]:
    """Whose these messenger addresses are, linked and not blocked; switched-off people too, the gate refuses them."""
    if connection.connector == BUILT_IN:
        return {each.username: each for each in User.objects.filter(username__in=addresses)}
    identities = Identity.objects.filter(
        connection=connection, external_id__in=addresses, state=IdentityState.ACTIVE, user__isnull=False
    )
    return {
        each.external_id: each.user
        for each in identities.select_related("user")
        if isinstance(each.user, User)
    }


def person_for_address(connection: Connection, address: str) -> User | None:
    """Who writes from this messenger address."""
    if connection.connector == BUILT_IN:
        return User.objects.filter(username=address, is_active=True).first()
    return person_for_account(connection.pk, address)
