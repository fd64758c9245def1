"""Telling people what is wrong, mostly the administrators: once per incident, armed again when it is over."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop

from kernel import clock
from kernel.audit import audit_record
from kernel.text import Localized, localized
from messaging.services.notices import notice_send
from permissions.identities import administrators
from permissions.models import User
from workflows.engine.telling import HANDLER
from workflows.models import Alert


def alert_raise(key: str, title: Localized, text: Localized, people: Iterable[User] | None = None) -> bool:
    """Open the incident `key` and tell `people`, else the administrators. False when it is open already: they know."""
    if Alert.objects.filter(key=key, ended_at__isnull=True).exists():
        return False
    try:
        with transaction.atomic():
            alert = Alert.objects.create(key=key, text=text.as_json())
            told = administrators() if people is None else people
            notice_send(told, title, text, source=f"alert-{alert.pk}", handler=HANDLER)
            audit_record(None, "alert.raised", alert, text.en, key=key)
    except IntegrityError:  # another worker was first
        return False
    return True


def alert_clear(key: str, text: Localized | None = None, *, tells: bool = True) -> bool:
    """The incident is over, and the administrators are told so where it `tells`. False when none was open."""
    with transaction.atomic():
        open_one = Alert.objects.select_for_update(of=("self",), no_key=True).filter(
            key=key, ended_at__isnull=True
        )
        alert = open_one.first()
        if alert is None:
            return False
        alert.ended_at = clock.now()
        alert.save(update_fields=["ended_at"])
        if not tells:
            return True
        title = localized(gettext_noop("Over: %(text)s"), text=Localized.from_json(alert.text))
        told = text or localized(gettext_noop("This is over by itself."))
        notice_send(
            administrators(), title, told, source=f"alert-{alert.pk}-over", handler=HANDLER, priority=5
        )
        audit_record(None, "alert.over", alert, key=key)
    return True


def alerts_open() -> list[Alert]:
    return list(Alert.objects.filter(ended_at__isnull=True).order_by("pk"))
