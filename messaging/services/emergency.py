"""Emergency access: data opened for oneself, with a reason and an end, and told to the data owners at once.

What opens it is a grant that ends by itself: the gate asks its end at every decision. It cannot be made longer, only
opened again, with a reason of its own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from connectors.dictionary.types import Dimension, FieldClass
from kernel import clock
from kernel.audit import audit_record
from kernel.errors import NotFound, PermissionDenied, Rejected
from kernel.text import localized
from messaging.services.notices import HANDLER, notice_send
from permissions.bundles import ALL
from permissions.identities import data_owners
from permissions.models import BreakGlass, Grant, User, Verb
from permissions.objects import may_any
from permissions.services.following import access_changed

LEAST_MINUTES, MOST_MINUTES = 5, 240
LEAST_REASON = 15


def emergency_open(
    actor: User, objects: Collection[str], classes: Collection[str], reason: str, minutes: int
) -> BreakGlass:
    """Everything of these objects may be seen from now on, for `minutes`. Raises PermissionDenied and Rejected.

    Nothing is opened when no data owner but the actor can be told.
    """
    if not may_any(actor, "use", BreakGlass):
        raise PermissionDenied(_("You may not open data in an emergency."))
    reason = " ".join(reason.split())
    _refuse(objects, classes, reason, minutes)
    now = clock.now()
    until = now + dt.timedelta(minutes=minutes)
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=actor.pk)  # two clicks need two reasons
        if _used(actor, reason):
            raise Rejected(_("This reason was used before. Opening it again needs a reason of its own."))
        grant = Grant.objects.create(
            user=actor,
            objects_covered=sorted(objects),
            verbs=[Verb.SEE.value],
            scopes={each.value: [ALL] for each in Dimension},
            field_classes=sorted(classes),
            valid_from=now,
            valid_until=until,
            note=reason[:200],
        )
        opened = BreakGlass.objects.create(
            user=actor,
            grant=grant,
            objects_covered=sorted(objects),
            field_classes=sorted(classes),
            reason=reason,
            opened_at=now,
            until=until,
        )
        audit_record(actor, "emergency.opened", opened, reason, minutes=minutes, objects=sorted(objects))
        if not _tell(opened, minutes):
            raise Rejected(_("There is no data owner who could be told, so nothing is opened."))
        access_changed({actor.pk})
    return opened


def _refuse(objects: Collection[str], classes: Collection[str], reason: str, minutes: int) -> None:
    if not objects or ALL in objects or any(len(each) > 60 for each in objects):
        raise Rejected(_("Name the kinds of records that have to be seen."))
    known = {each.value for each in FieldClass}
    if not set(classes) <= known:
        raise Rejected(_("Field classes are: %(classes)s.") % {"classes": ", ".join(sorted(known))})
    if len(reason) < LEAST_REASON:
        text = _("Say why, in at least %(least)s characters: the data owners read it.")
        raise Rejected(text % {"least": LEAST_REASON})
    if not LEAST_MINUTES <= minutes <= MOST_MINUTES:
        text = _("It lasts from %(least)s to %(most)s minutes.")
        raise Rejected(text % {"least": LEAST_MINUTES, "most": MOST_MINUTES})


def _used(actor: User, reason: str) -> bool:
    earlier = BreakGlass.objects.filter(user=actor).values_list("reason", flat=True)
    return reason.casefold() in {each.casefold() for each in earlier}


def _tell(opened: BreakGlass, minutes: int) -> int:
    """How many are told; the reason and who it was are in the message itself."""
    title = localized(
        gettext_noop("%(name)s opened data in an emergency, for %(minutes)s minutes"),
        name=getattr(opened.user, "display_name", ""),
        minutes=minutes,
    )
    body = localized(
        gettext_noop(
            "Reason: %(reason)s. Kinds of records: %(objects)s. Field classes: %(classes)s. You can end it."
        ),
        reason=opened.reason,
        objects=", ".join(opened.objects_covered),
        classes=", ".join(opened.field_classes) or "–",
    )
    owners = [each for each in data_owners() if each.pk != opened.user_id]
    return notice_send(owners, title, body, source=f"emergency-{opened.pk}", handler=HANDLER)


def emergency_end(actor: User, pk: int) -> None:
    """End it early: the person's own, or any for data owners. Raises NotFound also for what the actor may not see."""
    with transaction.atomic():
        found = BreakGlass.objects.select_for_update(of=("self",)).filter(pk=pk).first()
        ends = found is not None and (found.user_id == actor.pk or may_any(actor, "change", BreakGlass))
        if found is None or not ends or not is_open(found):
            raise NotFound(_("There is no such emergency access in force among those you may end."))
        now = clock.now()
        found.ended_at, found.ended_by = now, actor
        found.save(update_fields=["ended_at", "ended_by"])
        Grant.objects.filter(emergency=found, valid_until__gt=now).update(valid_until=now)
        audit_record(actor, "emergency.ended", found, found.reason)
        access_changed({found.user_id})


def is_open(found: BreakGlass) -> bool:
    return found.ended_at is None and found.until > clock.now()
