"""Substitutes and holiday calendars as others use them, and changing them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from kernel import clock
from kernel.audit import audit_record
from kernel.errors import ConfigError
from kernel.generation import Cached, generation_bump, generation_number
from messaging.ical import CalendarDays, calendar_read
from messaging.models import Attention, HolidayCalendar, Substitute
from messaging.services.attention import held_again
from permissions.models import User

GENERATION = "absence"
MOST_CHAIN = 5


@dataclass(frozen=True)
class Absence:
    starts_at: dt.datetime
    ends_at: dt.datetime
    substitute_id: int


def _absences_build() -> Mapping[int, list[Absence]]:
    found: dict[int, list[Absence]] = {}
    rows = Substitute.objects.filter(ends_at__gt=clock.now(), substitute__is_active=True).order_by(
        "-starts_at", "-pk"
    )
    for row in rows:
        found.setdefault(row.user_id, []).append(Absence(row.starts_at, row.ends_at, row.substitute_id))
    return found


_absences: Cached[Mapping[int, list[Absence]]] = Cached(GENERATION, _absences_build)


def substitute_of(user_id: int) -> int | None:
    """Who stands in for this person now, along a chain of people who are away; None: nobody, or only in a circle."""
    if not generation_number(GENERATION):  # nobody was ever away
        return None
    absences = _absences.get()
    if user_id not in absences:
        return None
    now = clock.now()
    seen, at = [user_id], user_id
    while (
        following := next((a for a in absences.get(at, ()) if a.starts_at <= now < a.ends_at), None)
    ) is not None:
        at = following.substitute_id
        if at in seen or len(seen) > MOST_CHAIN:
            return None
        seen.append(at)
    return at if at != user_id else None


def caches_clear() -> None:
    _absences.clear()


def absence_changed() -> None:
    """Inside the transaction that changes substitutes."""
    generation_bump(GENERATION)


def substitute_check(row: Substitute) -> None:
    """Raises ConfigError for an absence that ends before it begins, and for somebody standing in for themselves."""
    if row.ends_at <= row.starts_at:
        raise ConfigError(_("The end must be later than the beginning."))
    if row.user_id == row.substitute_id:
        raise ConfigError(_("Nobody can stand in for themselves."))


def calendar_changed(calendar: HolidayCalendar) -> None:
    """What is held for the people who use it is judged again; rules read it anew."""
    generation_bump("rules")
    held_again(Attention.objects.filter(calendar=calendar).values_list("user_id", flat=True))


def calendar_import(actor: User, calendar: HolidayCalendar, raw: bytes) -> CalendarDays:
    """Add the days of an iCalendar file. Raises ConfigError for one that cannot be read; then nothing is changed."""
    found = calendar_read(raw)
    with transaction.atomic():
        worked = {*(calendar.worked or ()), *(day.isoformat() for day in found.worked)}
        free = {*calendar.days, *(day.isoformat() for day in found.free)} - worked
        calendar.days, calendar.worked = sorted(free), sorted(worked)
        calendar.save()
        audit_record(actor, "holidaycalendar.imported", calendar, calendar.name, free=len(found.free))
        calendar_changed(calendar)
    return found
