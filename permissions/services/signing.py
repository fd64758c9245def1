"""What data owners do in a review: sign what may be told to whom, withdraw that, end a grant."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils.translation import gettext as _

from connectors.dictionary.types import FieldClass
from connectors.models import Connection
from kernel import clock
from kernel.audit import audit_record
from kernel.errors import NotFound, PermissionDenied, Rejected
from permissions.bundles import ALL
from permissions.models import Grant, Signature, User
from permissions.objects import may_any
from permissions.services.following import access_changed

CLASSES = (ALL, *(each.value for each in FieldClass))


def owner_refuse(actor: User) -> None:
    """Raises PermissionDenied for whoever may not change grants: signing is the data owners'."""
    if not may_any(actor, "change", Grant):
        raise PermissionDenied(_("Only data owners sign and revoke."))


def signature_sign(
    actor: User, holder: User | Group, name: str, field_class: str, channel: Connection | None
) -> Signature:
    """Signing what is signed already changes nothing. Raises PermissionDenied and Rejected."""
    owner_refuse(actor)
    if field_class not in CLASSES or not name or len(name) > 60:
        raise Rejected(_("Choose an object and one of the field classes."))
    held = {"group": holder} if isinstance(holder, Group) else {"user": holder}
    what = {**held, "object": name, "field_class": field_class, "channel": channel}
    with transaction.atomic():
        type(holder).objects.select_for_update().get(pk=holder.pk)  # two clicks make one signature
        known = Signature.objects.filter(**what, ended_at__isnull=True).first()
        if known is not None:
            return known
        made = Signature.objects.create(**what, signed_by=actor)
        words = f"{holder}: {name} {field_class} {channel or ALL}"
        audit_record(actor, "signature.signed", made, words)
    return made


def signature_withdraw(actor: User, pk: int) -> None:
    """Raises PermissionDenied, and NotFound for one that is not in force."""
    owner_refuse(actor)
    with transaction.atomic():
        found = Signature.objects.select_for_update().filter(pk=pk, ended_at__isnull=True).first()
        if found is None:
            raise NotFound(_("This signature is not in force (any more)."))
        found.ended_at = clock.now()
        found.save(update_fields=["ended_at"])
        audit_record(actor, "signature.withdrawn", found, str(found))


def grant_end(actor: User, pk: int) -> None:
    """End a grant now, for everybody who holds it. Raises PermissionDenied, and NotFound for one that is not in force."""
    owner_refuse(actor)
    with transaction.atomic():
        grant = Grant.objects.select_for_update().filter(pk=pk).first()
        now = clock.now()
        if grant is None or (grant.valid_until is not None and grant.valid_until <= now):
            raise NotFound(_("This grant is not in force (any more)."))
        grant.valid_until = now
        grant.save(update_fields=["valid_until"])
        audit_record(actor, "grant.ended", grant, str(grant))
        access_changed(grant_people(grant))


def grant_people(grant: Grant) -> set[int]:
    """Whoever holds it."""
    if grant.group is not None:
        return set(grant.group.user_set.values_list("pk", flat=True))
    return {grant.user_id} if grant.user_id is not None else set()
