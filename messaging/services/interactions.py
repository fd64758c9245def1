"""Opening a question, changing what it shows, closing it. Every function here runs inside the caller's transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.models import Connection, Record
from kernel import clock, doorbell
from kernel.live import live_publish_many
from kernel.text import Localized
from messaging.models import NOT_SENT_STATES, OPEN_STATES, Delivery, Interaction, InteractionState
from permissions.models import User

DELIVER_QUEUE = "deliver"
KEPT_VERSIONS = 20


@dataclass(frozen=True)
class Target:
    """One person through one messenger connection."""

    user: User
    connection: Connection
    address: str
    purpose: str = "recipient"


def interaction_open(
    *,
    card: Mapping[str, Any],
    shown: Mapping[str, Any],
    targets: Sequence[Target],
    record: Record | None,
    event_id: int | None,
    source_event_id: str,
    handler: str,
    handler_ref: str,
    expires_seconds: float | None = None,
    priority: int = 5,
    is_question: bool = True,
) -> Interaction:
    """Store a question (or, without buttons, a notice) and one Delivery per target; ring the outbox."""
    now = clock.now()
    expires_at = now + dt.timedelta(seconds=expires_seconds) if expires_seconds else None
    interaction = Interaction.objects.create(
        record=record,
        event_id=event_id,
        source_event_id=source_event_id,
        card=dict(card),
        shown={"1": dict(shown)},
        state=InteractionState.OPEN if is_question else InteractionState.DECIDED,
        handler=handler,
        handler_ref=handler_ref,
        expires_at=expires_at,
        available_at=expires_at,
    )
    targets_add(interaction, targets, priority)
    return interaction


def targets_add(interaction: Interaction, targets: Sequence[Target], priority: int = 5) -> int:
    """Add people who are not yet asked. Returns how many deliveries were made."""
    now = clock.now()
    made = Delivery.objects.bulk_create(
        [
            Delivery(
                interaction=interaction,
                connection=target.connection,
                user=target.user,
                address=target.address,
                purpose=target.purpose,
                wanted_version=interaction.version,
                priority=priority,
                available_at=now,
            )
            for target in targets
        ],
        ignore_conflicts=True,
    )
    doorbell.ring(DELIVER_QUEUE)
    return len(made)


def interaction_show(
    interaction: Interaction,
    *,
    state: str | None = None,
    text: Localized | None = None,
    at: dt.datetime | None = None,
    masked: Localized | None = None,
    classes: Collection[str] = (),
    card: Mapping[str, Any] | None = None,
    shown: Mapping[str, Any] | None = None,
) -> None:
    """Change what people see: a new version, wanted by every delivery that reached somebody.

    A `text` that tells values of the field `classes` needs `masked`: the sentence for those who may not see them.
    """
    interaction.version += 1
    if state is not None:
        interaction.state = state
        interaction.available_at = interaction.expires_at if state in OPEN_STATES else None
    if text is not None:
        interaction.state_text = {**text.as_json(), **({"at": at.isoformat()} if at else {})}
        if classes:
            hidden = (masked or Localized("", "")).as_json()
            interaction.state_text |= {"classes": sorted(classes), "masked": hidden}
    if card is not None:
        interaction.card = dict(card)
    kept = dict(interaction.shown)
    kept[str(interaction.version)] = (
        dict(shown) if shown is not None else kept.get(str(interaction.version - 1), {})
    )
    for old in sorted(kept, key=int)[1:-KEPT_VERSIONS]:
        del kept[old]  # the first stays: it is what was asked
    interaction.shown = kept
    interaction.save(update_fields=["version", "state", "state_text", "card", "shown", "available_at"])
    deliveries_want(interaction)


def deliveries_want(interaction: Interaction) -> None:
    """Every delivery of the interaction is due with the current version."""
    now = clock.now()
    Delivery.objects.filter(interaction=interaction).exclude(state__in=NOT_SENT_STATES).update(
        wanted_version=interaction.version, available_at=now, attempts=0
    )
    people = Delivery.objects.filter(interaction=interaction).values_list("user_id", flat=True).distinct()
    live_publish_many(
        [f"user-{user_id}" for user_id in people] + [f"interaction-{interaction.pk}"],
        type="card",
        id=str(interaction.uid),
        version=interaction.version,
    )
    doorbell.ring(DELIVER_QUEUE)
