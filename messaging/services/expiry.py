"""Questions whose time has run out."""

from __future__ import annotations

import datetime as dt
import logging

from django.db import transaction

from kernel.audit import audit_record
from kernel.doorbell import Due
from kernel.work import backoff_at, due, work_claim, work_each, work_held
from messaging.bindings import handler_of
from messaging.models import Interaction, InteractionState

EXPIRE_QUEUE = "expire"
MOST_ATTEMPTS = 8
logger = logging.getLogger(__name__)


def expire_due(now: dt.datetime) -> Due:
    return [Interaction.objects.filter(due(now), state=InteractionState.OPEN)]


def expire_drain() -> int:
    claimed = work_claim(Interaction.objects.filter(state=InteractionState.OPEN), limit=50)
    for each in work_each(claimed):
        _expire(each)
    return len(claimed)


def _expire(claimed: Interaction) -> None:
    try:
        with transaction.atomic():
            if not work_held(claimed):
                return
            interaction = Interaction.objects.select_related("record").get(pk=claimed.pk)
            if interaction.state == InteractionState.OPEN:
                handler_of(interaction).expired(interaction)
    except (
        Exception
    ) as error:  # a defect of ours: kept on the row, tried again, and the other questions are worked
        logger.exception("interaction %s", claimed.pk)
        _defect_note(claimed, f"{error.__class__.__name__}: {error}"[:2000])


def _defect_note(claimed: Interaction, message: str) -> None:
    """After MOST_ATTEMPTS the question stays open, without a time to end: it can be answered, and the audit trail says so."""
    with transaction.atomic():
        if not work_held(claimed):
            return
        given_up = claimed.attempts >= MOST_ATTEMPTS
        claimed.last_error = message
        claimed.lease_release(None if given_up else backoff_at(claimed.attempts))
        claimed.save(update_fields=["last_error", "available_at", "lease_until", "lease_owner"])
        if given_up:
            audit_record(None, "interaction.not_expired", claimed, message)
