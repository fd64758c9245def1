"""Questions whose time has run out."""

from __future__ import annotations

import logging

from django.db import transaction

from kernel.work import due, work_claim, work_held, work_is_late
from messaging.bindings import handler_of
from messaging.models import Interaction, InteractionState

EXPIRE_QUEUE = "expire"
logger = logging.getLogger(__name__)


def expire_is_due() -> bool:
    return Interaction.objects.filter(due(), state=InteractionState.OPEN).exists()


def expire_drain() -> int:
    claimed = work_claim(Interaction.objects.filter(state=InteractionState.OPEN), limit=50)
    for each in claimed:
        if not work_is_late(each):
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
    except Exception as error:  # a defect of ours: kept on the row, which is due again when its lease ends
        logger.exception("interaction %s", claimed.pk)
        message = f"{error.__class__.__name__}: {error}"[:2000]
        Interaction.objects.filter(pk=claimed.pk).update(last_error=message)
