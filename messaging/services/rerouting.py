"""Another way for what its own channel has no place for this month: the next channel of the person."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext_noop

from kernel.text import localized, text_store
from kernel.work import work_held
from messaging.models import Delivery, DeliveryState, Interaction
from messaging.services.channels import channel_next
from messaging.services.interactions import targets_add


def delivery_reroute(claimed: Delivery) -> bool:
    """Send a claimed first message through the person's next channel instead. False when there is none left."""
    with transaction.atomic():
        interaction = Interaction.objects.select_for_update(of=("self",), no_key=True).get(
            pk=claimed.interaction_id
        )
        if not work_held(claimed):
            return True  # somebody else decides
        same = Delivery.objects.filter(interaction=interaction, user=claimed.user)
        following = channel_next(
            claimed.user, set(same.values_list("connection_id", flat=True)), claimed.purpose
        )
        if following is None:
            return False
        targets_add(interaction, [following], claimed.priority)
        words = localized(
            gettext_noop("This month's quota is used up; sent through “%(name)s” instead."),
            name=following.connection.name,
        )
        Delivery.objects.filter(pk=claimed.pk).update(
            state=DeliveryState.THROUGH,
            through=same.get(connection=following.connection),
            reason=text_store(words),
            hold="",
            available_at=None,
            lease_until=None,
            lease_owner="",
        )
    return True
