"""Who has seen what."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from kernel import clock
from messaging.models import Delivery, DeliveryState, Interaction
from messaging.selectors import deliveries_told, gate_of
from messaging.services.confirming import deliveries_confirm
from permissions.models import User, Verb
from permissions.policies import Gate


def cards_seen(user: User, uids: Iterable[uuid.UUID]) -> int:
    """Note that this person looked at these cards. Others' and those the gate closes are passed over."""
    gate = Gate(user)
    asked = (
        Interaction.objects.filter(uid__in=list(uids), deliveries__in=deliveries_told(user))
        .select_related("record")
        .distinct()
    )
    visible = [each.pk for each in asked if gate_of(gate, each, Verb.TOLD).allowed]
    deliveries_confirm(user, visible)
    return (
        Delivery.objects.filter(user=user, interaction_id__in=visible, seen_at__isnull=True)
        .exclude(state=DeliveryState.REFUSED)
        .update(seen_at=clock.now())
    )
