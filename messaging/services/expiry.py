"""Questions whose time has run out."""

from __future__ import annotations

from django.db import transaction

from kernel.work import due, work_claim
from messaging.bindings import handler_of
from messaging.models import Interaction, InteractionState

EXPIRE_QUEUE = "expire"


def expire_is_due() -> bool:
    return Interaction.objects.filter(due(), state=InteractionState.OPEN).exists()


def expire_drain() -> int:
    claimed = work_claim(Interaction.objects.filter(state=InteractionState.OPEN), limit=50)
    for each in claimed:
        with transaction.atomic():
            interaction = Interaction.objects.select_for_update(of=("self",)).select_related("record").get(pk=each.pk)
            if interaction.state == InteractionState.OPEN:
                handler_of(interaction).expired(interaction)
    return len(claimed)
