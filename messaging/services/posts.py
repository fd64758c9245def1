"""Messages to group chats, on their way: the members are asked for, the gate is asked of each, then one message leaves.

Every step may run twice: a post whose worker ended is planned again, with the members as they are then, and leaves under
the same key. A newer version of the card goes through the same: the chat may have other members by then.
"""

from __future__ import annotations

import datetime as dt
import logging

from django.db import transaction
from django.utils.translation import gettext_noop, override

from connectors.models import ConnectionState
from connectors.ports.im import Message, SendResult
from connectors.services.factory import OpenConnectors, im_batch
from kernel import clock, doorbell
from kernel.audit import audit_record
from kernel.doorbell import Due
from kernel.errors import AuthFailed, BatonError, OutcomeUnknown, RateLimited, Transient
from kernel.generation import generations_held
from kernel.live import live_publish, live_publish_many
from kernel.rows import Writes
from kernel.text import localized, text_store
from kernel.work import backoff_seconds, due, work_claim, work_each, work_held
from messaging.bindings import handler_of, interactions_delivered
from messaging.card import card_render, card_title_only
from messaging.models import Delivery, DeliveryState, GroupPost, Interaction, PostPlan, PostState
from messaging.services.admission import buckets_of
from messaging.services.buckets import Demand, admit
from messaging.services.disclosing import disclosures_note
from messaging.services.groupplan import GroupPlan, group_plan
from messaging.services.groups import GONE, group_is_fresh, group_refresh, group_watch
from messaging.services.interactions import DELIVER_QUEUE
from permissions.identities import BUILT_IN
from permissions.policies import Decision

BATCH = 10
GIVE_UP_DAYS = 3
MOST_SURPRISES = 5
PAUSED_SECONDS = 10.0
RETRY = (Transient, RateLimited, AuthFailed, OutcomeUnknown)
TO_THE_CHAT = (PostPlan.SEND, PostPlan.MASK, PostPlan.LINK)
logger = logging.getLogger(__name__)


def posts_due(now: dt.datetime) -> Due:
    return [GroupPost.objects.filter(due(now))]


def posts_drain() -> int:
    claimed = work_claim(
        GroupPost.objects.select_related("interaction__record", "group__connection"),
        limit=BATCH,
        order=("priority", "available_at", "pk"),
    )
    with im_batch() as connectors:
        for post in work_each(claimed):
            _post(post, connectors)
    return len(claimed)


def _post(post: GroupPost, connectors: OpenConnectors) -> None:
    """One attempt. Raises nothing of the outside world: it ends on the row."""
    try:
        with generations_held():
            _post_now(post, connectors)
    except BatonError as error:
        _failed(post, error)
    except Exception as error:  # a defect of ours: kept on the row, and the other chats' messages go on
        logger.exception("group post %s", post.pk)
        _defect(post, f"{error.__class__.__name__}: {error}"[:2000])


def _post_now(post: GroupPost, connectors: OpenConnectors) -> None:
    group, interaction = post.group, post.interaction
    if not group_is_fresh(group) or group.connection.connector == BUILT_IN:
        try:
            group_refresh(group, connectors)
        except GONE as error:
            _end(post, PostState.FAILED, error.message)
            return
    plan = group_plan(group, interaction.record, post.otherwise)
    if post.sent_at is not None and plan.plan not in TO_THE_CHAT:
        # What stands in the chat already is replaced by less, never by more.
        plan = GroupPlan(PostPlan.LINK, plan.why, plan.members, plan.met)
    if not _planned(post, plan) or plan.plan not in TO_THE_CHAT or _waits(post):
        return
    _sent(post, plan, _send(post, plan, connectors))


def _planned(post: GroupPost, plan: GroupPlan) -> bool:
    """Store the plan, its proof and who may open the card. False when the claim is not ours any more."""
    with transaction.atomic():
        if not _held(post):
            return False
        post.plan, post.proof, post.reason = plan.plan, plan.proof(post.group, post.interaction.record), ""
        post.save(update_fields=["plan", "proof", "reason"])
        if plan.plan != PostPlan.BLOCK:
            _members_tell(post, plan)
            group_watch(post.group)
    if plan.plan == PostPlan.BLOCK:
        _end(post, PostState.BLOCKED, text_store(plan.why))
    elif plan.plan == PostPlan.SPLIT:
        _end(post, PostState.SPLIT, text_store(plan.why))
    return True


def _members_tell(post: GroupPost, plan: GroupPlan) -> None:
    """A delivery for each who may know of it. Whoever has one of this card already keeps that."""
    split = plan.plan == PostPlan.SPLIT
    interaction = post.interaction
    Delivery.objects.bulk_create(
        [
            Delivery(
                interaction=interaction,
                connection=post.connection,
                user=each.user,
                address=each.address,
                purpose=post.purpose,
                priority=post.priority,
                state=DeliveryState.READY if split else DeliveryState.THROUGH,
                post=post,
                proof=each.decision.as_json(),
                version=0 if split else interaction.version,
                wanted_version=interaction.version,
                available_at=clock.now() if split else None,
            )
            for each in plan.permitted
        ],
        batch_size=1_000,
        ignore_conflicts=True,
    )
    people = [each.user.pk for each in plan.permitted if each.user is not None]
    live_publish_many([f"user-{pk}" for pk in people], type="cards")
    if split:
        doorbell.ring(DELIVER_QUEUE)


def _waits(post: GroupPost) -> bool:
    """Whether the messenger's limits make it wait; then it is due when there is a place."""
    demand = Demand(buckets_of(post.connection, post.group.external_id), post.in_lane, post.attempts > 1)
    (verdict,) = admit([demand], clock.now())
    if verdict.available_at is None or verdict.bucket is None:
        return False
    with transaction.atomic():
        if work_held(post):
            post.reason, post.attempts = verdict.bucket.reason, max(post.attempts - 1, 0)
            _release(post, verdict.available_at)
    return True


def _send(post: GroupPost, plan: GroupPlan, connectors: OpenConnectors) -> SendResult:
    key = f"{post.uid.hex}-{post.interaction.version}"
    with override(post.group.language), connectors.im(post.connection) as im:
        message = message_of(post.interaction, post, plan)
        payload = im.render(message).payload
        sender, chat = im, post.group.external_id
        if post.vendor_message_id:
            return sender.group_update(chat, post.vendor_message_id, payload, idempotency_key=key)  # type: ignore[attr-defined,no-any-return]
        return sender.group_send(chat, payload, idempotency_key=key)  # type: ignore[attr-defined,no-any-return]


def message_of(interaction: Interaction, post: GroupPost, plan: GroupPlan) -> Message:
    """What the chat is shown: what all its members may see, or nothing but a title."""
    if plan.plan == PostPlan.LINK:
        return card_title_only(interaction, post.group)
    met = plan.met if interaction.record is not None else Decision(plan.met.allowed)
    return card_render(interaction, post.group, met)


def _held(post: GroupPost) -> bool:
    """Locked in the order every other path does: the question, then what was sent of it."""
    Interaction.objects.select_for_update(of=("self",), no_key=True).filter(pk=post.interaction_id).first()
    return work_held(post)


def _release(post: GroupPost, again: dt.datetime | None) -> None:
    post.lease_release(again)
    post.save(
        update_fields=[
            *("state", "reason", "version", "vendor_message_id", "sent_at"),
            *("available_at", "lease_until", "lease_owner", "attempts", "last_error"),
        ]
    )


def _sent(post: GroupPost, plan: GroupPlan, result: SendResult) -> None:
    with transaction.atomic():
        if post.sent_at is None:
            interactions_delivered([post.interaction])
        if not _held(post):
            return
        if plan.plan != PostPlan.LINK:
            _disclosed(post, plan)
        wanted = GroupPost.objects.values_list("wanted_version", flat=True).get(pk=post.pk)
        now = clock.now()
        post.state, post.reason, post.last_error, post.attempts = PostState.SENT, "", "", 0
        post.version = post.interaction.version
        post.vendor_message_id = result.vendor_message_id or post.vendor_message_id
        post.sent_at = post.sent_at or now
        _release(post, now if wanted > post.version else None)


def _disclosed(post: GroupPost, plan: GroupPlan) -> None:
    """For the access review it has left for every member alike."""
    told = Delivery.objects.filter(post=post, state=DeliveryState.THROUGH).select_related("interaction")
    writes = Writes()
    disclosures_note(((each, plan.met) for each in told), writes)
    writes.run()


def _end(post: GroupPost, state: PostState, reason: str) -> None:
    """It does not go to the chat. Where nobody was told instead, whoever asked is told so."""
    with transaction.atomic():
        if not _held(post):
            return
        post.reason, post.attempts = reason, 0
        if post.sent_at is None:
            post.state = state
        _release(post, None)
        if state == PostState.SPLIT or post.sent_at is not None:
            return
        audit_record(None, f"group_post.{state}", post, reason)
        live_publish("staff", type="post", id=post.pk)
        interaction = Interaction.objects.select_related("record").get(pk=post.interaction_id)
        handler_of(interaction).undeliverable(interaction, reason)


def _failed(post: GroupPost, error: BatonError) -> None:
    too_old = post.created_at < clock.now() - dt.timedelta(days=GIVE_UP_DAYS)
    if not isinstance(error, RETRY) or (too_old and post.sent_at is None):
        words = localized(
            gettext_noop("The message could not be delivered: %(reason)s"), reason=error.message
        )
        _end(post, PostState.FAILED, text_store(words))
        return
    seconds = backoff_seconds(post.attempts)
    if isinstance(error, RateLimited):
        seconds = max(error.retry_after_seconds, 0.1)
    elif post.connection.state != ConnectionState.ACTIVE:
        seconds = PAUSED_SECONDS
    with transaction.atomic():
        if work_held(post):
            post.reason = post.last_error = error.message
            _release(post, clock.now() + dt.timedelta(seconds=seconds))


def _defect(post: GroupPost, message: str) -> None:
    if post.attempts >= MOST_SURPRISES:
        _end(post, PostState.FAILED, message)
        return
    with transaction.atomic():
        if work_held(post):
            post.last_error = message
            _release(post, clock.now() + dt.timedelta(seconds=backoff_seconds(post.attempts)))
