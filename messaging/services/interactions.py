"""Opening a question, changing what it shows, closing it. Every function here runs inside the caller's transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.models import Connection, Record
from kernel import clock, doorbell
from kernel.keys import keys_reserve
from kernel.live import live_publish_many
from kernel.rows import Writes, row_new
from kernel.text import Localized
from messaging.models import (
    NOT_SENT_STATES,
    OPEN_STATES,
    Delivery,
    GroupChat,
    GroupPost,
    Interaction,
    InteractionState,
)
from permissions.models import User

DELIVER_QUEUE = "deliver"
POSTS_QUEUE = "posts"
KEPT_VERSIONS = 20


@dataclass(frozen=True)
class Target:
    """One person through one messenger connection."""

    user: User
    connection: Connection
    address: str
    purpose: str = "recipient"


@dataclass(frozen=True)
class GroupTarget:
    """A group chat; `otherwise` says what is done when not everybody in it may see everything."""

    group: GroupChat
    otherwise: str
    purpose: str = "recipient"


@dataclass(frozen=True)
class Question:
    """What is asked of whom (without buttons in the card: a notice). `handler_ref` says what for.

    `said` is what the card says of itself from the start.
    """

    card: Mapping[str, Any]
    shown: Mapping[str, Any]
    targets: Sequence[Target]
    record: Record | None
    event_id: int | None
    source_event_id: str
    handler: str
    handler_ref: str
    expires_seconds: float | None = None
    priority: int = 5
    is_question: bool = True
    said: Localized | None = None
    groups: Sequence[GroupTarget] = ()


def interaction_open(**question: Any) -> Interaction:
    """One question, by the fields of Question."""
    return interactions_open([Question(**question)])[0]


def interactions_open(questions: Sequence[Question]) -> list[Interaction]:
    """Store questions and one Delivery per target, in two statements however many; ring the outbox."""
    counts = {
        Interaction: len(questions),
        Delivery: sum(len(targets_once(question.targets)) for question in questions),
    }
    made, deliveries = interactions_make(questions, keys_reserve(counts))
    writes = Writes()
    interactions_write(writes, made, deliveries)
    writes.run()
    groups = [
        (interaction, each, question.priority)
        for interaction, question in zip(made, questions, strict=True)
        for each in question.groups
    ]
    if groups:
        posts_add(groups)
    return made


def interactions_make(
    questions: Sequence[Question], keys: Mapping[Any, list[int]]
) -> tuple[list[Interaction], list[Delivery]]:
    """The rows of interactions_open, not stored. `keys` holds one for each of them."""
    made: list[Interaction] = []
    deliveries: list[Delivery] = []
    delivery_keys = iter(keys[Delivery])
    for key, question in zip(keys[Interaction], questions, strict=True):
        interaction = _interaction(key, question)
        made.append(interaction)
        for target in targets_once(question.targets):
            delivery = _delivery(interaction, target, question.priority)
            delivery.pk = next(delivery_keys)
            deliveries.append(delivery)
    return made, deliveries


def interactions_write(
    writes: Writes, interactions: Sequence[Interaction], deliveries: Sequence[Delivery]
) -> None:
    """Store what interactions_make made together with what the caller writes; ring the outbox."""
    writes.insert(Interaction, interactions)
    writes.insert(Delivery, deliveries)
    if deliveries:
        doorbell.ring(DELIVER_QUEUE)


def posts_add(groups: Sequence[tuple[Interaction, GroupTarget, int]]) -> None:
    """Who of a chat may know of it is found when the post is worked: that asks the messenger."""
    now = clock.now()
    GroupPost.objects.bulk_create(
        [
            GroupPost(
                interaction=interaction,
                group=target.group,
                otherwise=target.otherwise,
                purpose=target.purpose,
                priority=priority,
                wanted_version=interaction.version,
                available_at=now,
            )
            for interaction, target, priority in groups
        ],
        ignore_conflicts=True,
    )
    doorbell.ring(POSTS_QUEUE)


def targets_once(targets: Sequence[Target]) -> list[Target]:
    """Each person once through each connection."""
    return list({(target.user.pk, target.connection.pk): target for target in reversed(targets)}.values())[
        ::-1
    ]


def _interaction(key: int, question: Question) -> Interaction:
    seconds = question.expires_seconds
    expires_at = clock.now() + dt.timedelta(seconds=seconds) if seconds else None
    return row_new(
        Interaction,
        pk=key,
        record=question.record,
        event_id=question.event_id,
        source_event_id=question.source_event_id,
        card=dict(question.card),
        shown={"1": dict(question.shown)},
        state=InteractionState.OPEN if question.is_question else InteractionState.DECIDED,
        state_text=question.said.as_json() if question.said is not None else {},
        handler=question.handler,
        handler_ref=question.handler_ref,
        expires_at=expires_at,
        available_at=expires_at,
    )


def _delivery(interaction: Interaction, target: Target, priority: int) -> Delivery:
    return row_new(
        Delivery,
        interaction=interaction,
        connection=target.connection,
        user=target.user,
        address=target.address,
        purpose=target.purpose,
        wanted_version=interaction.version,
        priority=priority,
        available_at=clock.now(),
    )


def targets_add(interaction: Interaction, targets: Sequence[Target], priority: int = 5) -> int:
    """Add people who are not yet asked. Returns how many deliveries were made."""
    made = Delivery.objects.bulk_create(
        [_delivery(interaction, target, priority) for target in targets], ignore_conflicts=True
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
    told = list(Delivery.objects.filter(interaction=interaction).values_list("user_id", "post_id").distinct())
    posts = {post_id for _user_id, post_id in told if post_id is not None}
    if posts:
        GroupPost.objects.filter(pk__in=posts, sent_at__isnull=False).update(
            wanted_version=interaction.version, available_at=now, attempts=0
        )
        doorbell.ring(POSTS_QUEUE)
    people = dict.fromkeys(user_id for user_id, _post_id in told)
    live_publish_many(
        [f"user-{user_id}" for user_id in people] + [f"interaction-{interaction.pk}"],
        type="card",
        id=str(interaction.uid),
        version=interaction.version,
    )
    doorbell.ring(DELIVER_QUEUE)
