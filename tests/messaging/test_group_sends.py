"""A message to a group chat: planned of all its members together, proved of each, asked anew when it is opened or answered."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from kernel import clock
from messaging.models import Delivery, GroupChat, GroupPost, Interaction
from messaging.selectors import inbox_interaction, inbox_interactions
from messaging.services.answers import answer_submit
from permissions.models import Grant, Identity, User
from tests.figures import figure_in
from tests.messaging.chat import Chat
from tests.workflows.engine.source import Source
from workflows.models import Step

pytestmark = pytest.mark.database
SECRET = "17.77"


@pytest.fixture
def chat(source: Source, monkeypatch: pytest.MonkeyPatch) -> Chat:
    return Chat(monkeypatch)


def sold(source: Source, otherwise: str = "", **params: Any) -> GroupPost:
    """Stock fell, and the chat was to be told."""
    spec = {"type": "group_chat", "chat": "hook:team", **({"otherwise": otherwise} if otherwise else {})}
    source.rule(
        params={
            "recipients": [spec],
            "title": "Low: {{ record.product_code }} at {{ record.unit_price }}",
            "fields": [{"name": "on_hand"}, {"name": "unit_price"}],
            **params,
        }
    )
    source.tell(120, 90, price=SECRET)
    source.work()
    return GroupPost.objects.get()


def states() -> dict[str, str]:
    return dict(Delivery.objects.order_by("pk").values_list("user__username", "state"))


def test_all_may_see_all_and_the_chat_is_sent_it_as_it_is(source: Source, chat: Chat) -> None:
    for name in ("wang", "zhao"):
        chat.join(name, "cost")
    post = sold(source)
    (body,) = chat.to_the_chat()
    assert (post.plan, post.state, post.version) == ("send", "sent", 1)
    assert (body["kind"], body["title"], "address" in body) == ("message", "Low: A at 17.77", False)
    assert states() == {"wang": "through", "zhao": "through"}


def test_the_proof_says_who_under_which_grants_and_scopes_and_when(source: Source, chat: Chat) -> None:
    wang = chat.join("wang", "cost")
    post = sold(source)
    grant = Grant.objects.get(user=wang)
    assert post.proof["scopes"] == {"warehouse": "EAST"}
    assert post.proof["members"] == [
        {"address": "u-wang", "user": "wang", "name": "wang", "verdict": "allowed", "masked": [],
         "grants": [grant.pk], "reasons": []}
    ]  # fmt: skip
    chat.group.refresh_from_db()
    assert chat.group.members_at is not None
    assert post.proof["members_at"] == chat.group.members_at.isoformat()
    assert dt.datetime.fromisoformat(post.proof["at"]) >= chat.group.members_at


def test_what_one_may_not_see_is_hidden_from_all_where_the_rule_says_so(source: Source, chat: Chat) -> None:
    chat.join("wang", "cost")
    chat.join("zhao")
    post = sold(source, "mask")
    (body,) = chat.to_the_chat()
    assert (post.plan, post.proof["masked"]) == ("mask", ["unit_price"])
    assert body["title"] == "Low: A at •••"
    assert not figure_in(SECRET, str(body))
    assert states() == {"wang": "through", "zhao": "through"}


@pytest.mark.parametrize("otherwise", ["", "split", "mask"])
def test_with_a_stranger_in_the_chat_those_who_may_see_it_are_told_by_themselves(
    source: Source, chat: Chat, otherwise: str
) -> None:
    chat.join("wang", "cost")
    chat.members.append("u-nobody")
    post = sold(source, otherwise)
    assert (post.plan, post.state, chat.to_the_chat()) == ("split", "split", [])
    assert [each["verdict"] for each in post.proof["members"]] == ["unlinked", "allowed"]
    assert states().keys() == {"wang"}


def test_an_external_member_counts_as_a_stranger_though_linked(source: Source, chat: Chat) -> None:
    chat.join("wang", "cost")
    chat.external.add("u-wang")
    post = sold(source)
    assert (post.plan, post.state, chat.posted) == ("block", "blocked", [])
    assert [each["verdict"] for each in post.proof["members"]] == ["external"]


def test_a_title_and_a_link_tell_no_value(source: Source, chat: Chat) -> None:
    chat.join("wang", "cost")
    chat.join("zhao", sees=False)
    post = sold(source, "link")
    (body,) = chat.to_the_chat()
    assert (post.plan, post.state) == ("link", "sent")
    assert (body["title"], body["body"], body["fields"], body["buttons"]) == ("Low: ••• at •••", "", [], [])
    assert body["link"].endswith(f"/inbox/{Interaction.objects.get().uid}/")
    assert states() == {"wang": "through"}


def test_blocked_means_nobody_is_told_and_the_fallback_is_asked(source: Source, chat: Chat) -> None:
    chat.join("wang", "cost")
    chat.join("zhao", sees=False)
    post = sold(source, "block", fallback=[{"type": "user", "username": "li"}])
    assert (post.plan, post.state, chat.posted) == ("block", "blocked", [])
    assert states() == {"li": "delivered"}


def test_blocked_with_nobody_left_ends_as_a_dead_letter_with_the_reason(source: Source, chat: Chat) -> None:
    chat.join("zhao", sees=False)
    Grant.objects.filter(user=source.person).update(verbs=["see"])
    User.objects.filter(pk=source.person.pk).update(is_active=True)
    post = sold(source, "block")
    assert post.state == "blocked"
    assert states() == {"li": "delivered"}  # the owner, who may see it


def test_a_list_of_members_that_is_too_old_is_no_list(source: Source, chat: Chat) -> None:
    chat.join("wang", "cost")
    chat.as_of = (clock.now() - dt.timedelta(seconds=301)).isoformat()
    post = sold(source)
    assert (post.plan, post.state, chat.posted) == ("block", "blocked", [])
    assert post.proof["members"] == []


def test_members_are_asked_for_once_while_they_are_fresh(source: Source, chat: Chat) -> None:
    chat.join("wang", "cost")
    sold(source)
    assert chat.asked == 1
    source.tell(120, 90, price=SECRET)
    source.work()
    assert (GroupPost.objects.count(), chat.asked) == (2, 1)


def test_a_messenger_that_does_not_answer_makes_it_wait_and_nothing_leaves(
    source: Source, chat: Chat
) -> None:
    chat.join("wang", "cost")
    chat.status = 503
    post = sold(source)
    assert (post.state, post.plan, states()) == ("ready", "", {})
    assert post.available_at is not None
    chat.status = 200
    GroupPost.objects.update(available_at=clock.now())
    chat.connection.refresh_from_db()
    type(chat.connection).objects.update(retry_at=None)
    source.work()
    post.refresh_from_db()
    assert (post.state, len(chat.to_the_chat())) == ("sent", 1)


def test_a_member_opens_and_answers_and_the_chat_sees_that_it_is_decided(source: Source, chat: Chat) -> None:
    wang = chat.join("wang", "cost")
    post = sold(source)
    (card,) = inbox_interactions(wang)
    assert answer_submit(card.pk, wang, "ok", {}, version=1, channel="hook").taken
    source.work()
    post.refresh_from_db()
    assert [each["kind"] for each in chat.to_the_chat()] == ["message", "update"]
    assert chat.to_the_chat()[1]["vendor_message_id"] == post.vendor_message_id
    assert (post.version, chat.to_the_chat()[1]["state"]) == (2, "decided")


def left(chat: Chat, name: str) -> None:
    """The messenger does not name the person any more, and is asked again."""
    chat.members.remove(f"u-{name}")
    GroupChat.objects.update(available_at=clock.now())


def test_who_has_left_the_chat_neither_opens_nor_answers(source: Source, chat: Chat) -> None:
    wang, zhao = chat.join("wang", "cost"), chat.join("zhao", "cost")
    sold(source)
    (card,) = inbox_interactions(wang)
    left(chat, "wang")
    source.work()
    assert inbox_interactions(wang) == []
    assert inbox_interaction(wang, str(card.uid)) is None
    result = answer_submit(card.pk, wang, "ok", {}, version=1, channel="hook")
    assert (result.status, result.message) == ("refused", "You were not asked this.")
    assert Interaction.objects.get().state == "open"
    assert answer_submit(card.pk, zhao, "ok", {}, version=1, channel="hook").taken


def test_who_joins_later_was_not_asked(source: Source, chat: Chat) -> None:
    chat.join("wang", "cost")
    sold(source)
    late = chat.join("late", "cost")
    GroupChat.objects.update(available_at=clock.now())
    source.work()
    assert chat.group.members.count() == 2
    assert inbox_interactions(late) == []


def test_when_nobody_knows_any_more_who_is_in_it_the_card_is_closed(
    source: Source, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    wang = chat.join("wang", "cost")
    sold(source)
    later = clock.now() + dt.timedelta(seconds=301)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert inbox_interactions(wang) == []


def test_a_leaver_and_a_blocked_account_are_nobody(source: Source, chat: Chat) -> None:
    wang, zhao = chat.join("wang", "cost"), chat.join("zhao", "cost")
    User.objects.filter(pk=wang.pk).update(is_active=False)
    Identity.objects.filter(user=zhao).update(state="blocked")
    post = sold(source)
    assert (post.plan, chat.posted) == ("block", [])
    assert [each["verdict"] for each in post.proof["members"]] == ["denied", "unlinked"]


def test_an_update_tells_less_when_somebody_joined_who_may_not_see_it(source: Source, chat: Chat) -> None:
    chat.join("wang", "cost")
    post = sold(source)
    chat.join("zhao", sees=False)
    GroupChat.objects.update(available_at=clock.now())
    source.work()
    source.tell(80, price=SECRET)
    source.work()
    post.refresh_from_db()
    assert (post.plan, post.state) == ("link", "sent")
    assert [each["title"] for each in chat.to_the_chat()] == ["Low: A at 17.77", "Low: ••• at •••"]


def test_killed_after_it_was_planned_it_leaves_once_under_the_same_key(
    source: Source, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.join("wang", "cost")
    from messaging.services import posts

    sent = posts._sent
    monkeypatch.setattr(posts, "_sent", lambda *_: (_ for _ in ()).throw(RuntimeError("killed")))
    post = sold(source)
    monkeypatch.setattr(posts, "_sent", sent)
    GroupPost.objects.update(available_at=clock.now(), lease_until=None)
    source.work()
    assert [each["idempotency_key"] for each in chat.to_the_chat()] == [f"{post.uid.hex}-1"] * 2
    assert Delivery.objects.count() == 1


def test_a_chat_in_the_inbox_is_a_role_and_everybody_has_a_card_of_their_own(
    source: Source, chat: Chat
) -> None:
    from django.contrib.auth.models import Group

    wang, zhao = chat.join("wang", "cost"), chat.join("zhao", sees=False)
    role = Group.objects.create(name="Buyers")
    role.user_set.add(wang, zhao)
    GroupChat.objects.create(connection=source.inbox, external_id="Buyers", name="Buyers")
    post = sold(source, recipients=[{"type": "group_chat", "chat": "inbox:Buyers"}])
    assert (post.plan, post.state) == ("split", "split")
    assert states() == {"wang": "delivered"}
    role.user_set.remove(wang)
    GroupChat.objects.update(available_at=clock.now())
    source.work()
    assert inbox_interactions(wang) == []


def test_what_the_step_keeps_names_the_chat(source: Source, chat: Chat) -> None:
    chat.join("wang", "cost")
    sold(source)
    assert Step.objects.get().output["asked"] == ["hook:team"]
