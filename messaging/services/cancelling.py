"""Withdrawing questions, as many as there are in a few statements. Runs inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import F, OuterRef, Subquery

from kernel import clock, doorbell
from kernel.live import live_publish_each
from kernel.text import Localized
from messaging.models import NOT_SENT_STATES, OPEN_STATES, Delivery, Interaction, InteractionState
from messaging.services.interactions import DELIVER_QUEUE


def interactions_cancel(interactions: Sequence[Interaction], text: Localized) -> int:
    """Close questions that need no answer any more; everybody who has the card is told `text`. Returns how many.

    The rows are locked by the caller. Those that are closed already are passed over.
    """
    now = clock.now()
    still = {each.pk: each for each in interactions if each.state in OPEN_STATES}
    if not still:
        return 0
    Interaction.objects.filter(pk__in=still).update(
        state=InteractionState.CANCELLED,
        state_text={**text.as_json(), "at": now.isoformat()},
        round=F("round") + 1,
        version=F("version") + 1,
        available_at=None,
    )
    theirs = Delivery.objects.filter(interaction_id__in=still)
    wanted = Interaction.objects.filter(pk=OuterRef("interaction_id")).values("version")[:1]
    theirs.exclude(state__in=NOT_SENT_STATES).update(
        wanted_version=Subquery(wanted), available_at=now, attempts=0
    )
    told = theirs.order_by().values_list("interaction_id", "user_id").distinct()
    hints = [(f"user-{user_id}", _hint(still[pk])) for pk, user_id in told]
    live_publish_each(hints + [(f"interaction-{pk}", _hint(each)) for pk, each in still.items()])
    doorbell.ring(DELIVER_QUEUE)
    return len(still)


def _hint(interaction: Interaction) -> dict[str, object]:
    return {"type": "card", "id": str(interaction.uid), "version": interaction.version + 1}
