"""Group chats: which there are, and who is in them. What the messenger says is stored; nothing is sent on older word.

The built-in inbox's group chats are the roles of Baton: its members are the active people who have the role.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable, Mapping

from django.contrib.auth.models import Group as Role
from django.db import transaction
from django.utils.translation import gettext_noop

from connectors.models import Connection, ConnectionState
from connectors.ports.im import Group, GroupSender, Member, Membership
from connectors.services.factory import OpenConnectors, im_batch
from kernel import clock, doorbell
from kernel.audit import audit_record
from kernel.doorbell import Due
from kernel.errors import BatonError, NotFound, Rejected
from kernel.live import live_publish_many
from kernel.text import Localized, localized
from kernel.work import backoff_at, due, work_claim, work_each, work_held
from messaging.models import GroupChat, GroupMember, GroupPost
from messaging.selectors import DECIDED_DAYS
from permissions.identities import BUILT_IN, people_for_addresses
from permissions.models import User

GROUPS_QUEUE = "groups"
BATCH = 20
GONE = (Rejected, NotFound)
logger = logging.getLogger(__name__)


def groups_discover(connection: Connection, connectors: OpenConnectors) -> int:
    """Store the group chats the messenger names. Those not named any more stay, for what was sent to them.

    Returns how many there are. Raises kernel.errors. Goes over the network: never inside a transaction.
    """
    found: Iterable[Group]
    if connection.connector == BUILT_IN:
        found = [Group(name, name) for name in Role.objects.order_by("name").values_list("name", flat=True)]
    else:
        with connectors.im(connection) as im:
            found = _sender(im).groups()
    with transaction.atomic():
        for each in found:
            GroupChat.objects.update_or_create(
                connection=connection, external_id=each.id, defaults={"name": each.name}
            )
    return len(list(found))


def _sender(im: object) -> GroupSender:
    assert hasattr(im, "group_members"), "the manifest says that this messenger has group chats"
    return im  # type: ignore[return-value]


def group_refresh(group: GroupChat, connectors: OpenConnectors) -> None:
    """Ask who is in the chat and store it. A chat that is gone has no members.

    Raises kernel.errors. Goes over the network: never inside a transaction.
    """
    try:
        membership = _membership(group, connectors)
    except GONE as error:
        members_store(group, Membership((), clock.now()))
        raise error
    members_store(group, membership)


def _membership(group: GroupChat, connectors: OpenConnectors) -> Membership:
    if group.connection.connector == BUILT_IN:
        people = User.objects.filter(is_active=True, groups__name=group.external_id)
        names = people.order_by("pk").values_list("username", flat=True)
        return Membership(tuple(Member(name) for name in names), clock.now())
    with connectors.im(group.connection) as im:
        return _sender(im).group_members(group.external_id)


def members_store(group: GroupChat, membership: Membership) -> None:
    """Replace the stored members by these, and tell open pages of those who are not in the chat any more."""
    people = people_for_addresses(group.connection, [each.address for each in membership.members])
    fresh_until = membership.as_of + dt.timedelta(seconds=group.fresh_seconds)
    with transaction.atomic():
        stored = GroupChat.objects.select_for_update(no_key=True).get(pk=group.pk)
        if stored.members_at is not None and stored.members_at > membership.as_of:
            return
        before = {each.address: each for each in stored.members.all()}
        wanted = {each.address: each for each in membership.members}
        gone = [each for address, each in before.items() if _differs(each, wanted.get(address), people)]
        GroupMember.objects.filter(pk__in=[each.pk for each in gone]).delete()
        kept = before.keys() - {each.address for each in gone}
        GroupMember.objects.bulk_create(
            [
                GroupMember(
                    group=stored, address=address, is_external=each.is_external, user=people.get(address)
                )
                for address, each in wanted.items()
                if address not in kept
            ],
            batch_size=1_000,
        )
        stored.members_at, stored.fresh_until = membership.as_of, fresh_until
        stored.save(update_fields=["members_at", "fresh_until"])
        staying = {each.pk for each in people.values()}
        left = {each.user_id for each in gone if each.user_id is not None} - staying
        live_publish_many([f"user-{pk}" for pk in sorted(left)], type="cards")
    group.members_at, group.fresh_until = membership.as_of, fresh_until


def _differs(stored: GroupMember, wanted: Member | None, people: Mapping[str, User]) -> bool:
    if wanted is None or stored.is_external != wanted.is_external:
        return True
    person = people.get(stored.address)
    return stored.user_id != (person.pk if person is not None else None)


def group_is_fresh(group: GroupChat) -> bool:
    return group.fresh_until is not None and clock.now() < group.fresh_until


def groups_due(now: dt.datetime) -> Due:
    return [GroupChat.objects.filter(due(now))]


def groups_drain() -> int:
    claimed = work_claim(GroupChat.objects.select_related("connection"), limit=BATCH)
    with im_batch() as connectors:
        for group in work_each(claimed):
            _look(group, connectors)
    return len(claimed)


def _look(group: GroupChat, connectors: OpenConnectors) -> None:
    error = ""
    again: dt.datetime | None = backoff_at(group.attempts, most=group.fresh_seconds / 2)
    try:
        group_refresh(group, connectors)
        again, group.attempts = _next_look(group), 0
    except BatonError as failure:
        error = failure.message
        if isinstance(failure, GONE):
            again, group.attempts = _next_look(group), 0
    except (
        Exception
    ) as failure:  # a defect of ours: kept on the row, tried again, and the other chats are asked
        logger.exception("group chat %s", group.pk)
        error = f"{failure.__class__.__name__}: {failure}"[:2000]
    with transaction.atomic():
        if work_held(group):
            group.last_error = error
            group.lease_release(again)
            group.save(update_fields=["last_error", *_WORK])


_WORK = ("available_at", "lease_until", "lease_owner", "attempts")


def _next_look(group: GroupChat) -> dt.datetime | None:
    """While a card sent to the chat can still be opened, well before its members are too old to count."""
    since = clock.now() - dt.timedelta(days=DECIDED_DAYS)
    if not GroupPost.objects.filter(group=group, created_at__gte=since).exists():
        return None
    return clock.now() + dt.timedelta(seconds=max(group.fresh_seconds / 2, 1.0))


def group_watch(group: GroupChat) -> None:
    """Cards were sent to it: from now on its members are asked for again and again."""
    GroupChat.objects.filter(pk=group.pk, available_at=None).update(available_at=_next_look(group))


def group_look_now(actor: object, group: GroupChat) -> None:
    """Ask at the next ring, however fresh the members are."""
    GroupChat.objects.filter(pk=group.pk).update(available_at=clock.now(), attempts=0)
    audit_record(actor, "group_chat.asked", group, str(group))
    doorbell.ring(GROUPS_QUEUE)


def chat_of(ref: str) -> GroupChat | None:
    """The group chat a rule names, "<connection>:<chat>"; None when there is none."""
    slug, _colon, external_id = ref.partition(":")
    found = GroupChat.objects.filter(connection__slug=slug, external_id=external_id)
    return found.select_related("connection").first()


def chat_unusable(chat: GroupChat) -> Localized | None:
    """Why nothing can be sent to this chat; None when it can."""
    able = chat.connection.manifest.im
    if able is None or not able.groups:
        text = gettext_noop("“%(name)s” does not tell who is in a group chat, so nothing is sent to one.")
        return localized(text, name=chat.connection.name)
    if chat.connection.state != ConnectionState.ACTIVE:
        return localized(gettext_noop("“%(name)s” is not active now."), name=chat.connection.name)
    return None
