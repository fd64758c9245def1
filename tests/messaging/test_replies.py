"""What people send through a messenger: stored once, worked once, bound to what they saw, refused with a reason."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.models import Connection
from connectors.ports.im import InboundReply
from kernel import clock
from kernel.text import text_show
from messaging.models import Answer, Delivery, Interaction, Reply
from messaging.services import replies
from messaging.services.answers import answer_submit
from messaging.services.outbox import deliver_drain
from messaging.services.replies import reply_drain, reply_store
from permissions.models import Grant, User
from tests.workflows.engine.source import Source


@pytest.fixture
def sent(asked: Source) -> Source:
    deliver_drain()
    return asked


def inbox() -> Connection:
    return Connection.objects.get(slug="inbox")


def store(number: str = "r1", address: str = "li", **values: Any) -> Reply | None:
    values.setdefault("message_id", str(Interaction.objects.earliest("id").uid))
    return reply_store(inbox(), InboundReply(vendor_event_id=number, address=address, **values))


def result() -> tuple[str, str]:
    reply = Reply.objects.latest("id")
    return reply.state, reply.result.get("status", "")


def test_a_reply_is_stored_once_and_taken_once(sent: Source) -> None:
    assert store(button="ok") is not None
    assert store(button="ok") is None
    assert reply_drain() == 1
    assert reply_drain() == 0
    assert result() == ("done", "taken")
    assert Answer.objects.get().channel == "im.inbox"
    assert Interaction.objects.get().decided_by == sent.person


def test_the_same_number_from_another_messenger_is_another_reply(sent: Source) -> None:
    other = Connection.objects.create(
        name="other", slug="other", connector="im.inbox", kind="im", state="active"
    )
    assert store(button="ok") is not None
    assert reply_store(other, InboundReply(vendor_event_id="r1", address="li", button="ok")) is not None


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"address": "stranger", "button": "ok"}, "refused"),
        ({"button": "unknown"}, "invalid"),
        ({"button": "ok", "inputs": {"extra": "1"}}, "invalid"),
        ({"button": "ok", "message_id": "not-a-uid"}, "invalid"),
        ({"button": "ok", "message_id": "00000000-0000-0000-0000-000000000000"}, "invalid"),
        ({"text": "whatever"}, "invalid"),
        ({}, "invalid"),
    ],
)
def test_a_reply_that_means_nothing_does_nothing_and_says_why(
    sent: Source, values: dict[str, Any], status: str
) -> None:
    store(**values)
    reply_drain()
    assert result() == ("refused", status)
    assert text_show(Reply.objects.get().result["message"], "en")
    assert Interaction.objects.get().state == "open"
    assert Answer.objects.filter(accepted=True).count() == 0


def test_a_text_finds_the_only_open_question_and_guesses_between_none(sent: Source) -> None:
    store(message_id="", text="OK")
    reply_drain()
    assert result() == ("done", "taken")
    sent.tell(120, sku="B")
    sent.tell(90, sku="B")
    sent.tell(120, sku="C")
    sent.tell(90, sku="C")
    sent.work()
    store("r2", message_id="", text="OK")
    reply_drain()
    assert result() == ("refused", "invalid")
    assert Interaction.objects.filter(state="open").count() == 2


def test_a_person_who_was_not_asked_may_not_answer(sent: Source) -> None:
    User.objects.create_user("wang", password="x")
    Grant.objects.create(
        user=User.objects.get(username="wang"),
        objects_covered=["*"],
        verbs=["see", "answer"],
        scopes={"warehouse": ["*"]},
    )
    store(address="wang", button="ok")
    reply_drain()
    assert result() == ("refused", "invalid")
    direct = answer_submit(
        Interaction.objects.get().pk,
        User.objects.get(username="wang"),
        "ok",
        {},
        version=1,
        channel="im.inbox",
    )
    assert direct.status == "refused"
    assert Answer.objects.filter(accepted=True).count() == 0


@pytest.mark.parametrize("change", ["leaver", "grant", "verb"])
@pytest.mark.parametrize("has_record", [True, False])
def test_a_right_lost_refuses_an_old_card(sent: Source, change: str, has_record: bool) -> None:
    if not has_record:
        Interaction.objects.update(record=None)
    if change == "leaver":
        User.objects.update(is_active=False)
    elif change == "grant":
        Grant.objects.all().delete()
    else:
        Grant.objects.update(verbs=["see"])
    outcome = answer_submit(
        Interaction.objects.get().pk, sent.person, "ok", {}, version=1, channel="im.inbox"
    )
    refused = has_record or change == "leaver"
    assert (outcome.status == "refused") is refused
    assert Answer.objects.filter(accepted=True).exists() is not refused


def test_a_reply_killed_in_the_middle_is_taken_once_and_called_taken(
    sent: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_args: Any) -> None:
        raise Killed

    store(button="ok")
    with monkeypatch.context() as patched:
        patched.setattr(replies, "AnswerResult", die)
        patched.setattr(Reply, "save", die)
        with pytest.raises(Killed):
            reply_drain()
    assert Answer.objects.count() == 0
    clock.shift(61)
    assert reply_drain() == 1
    assert result() == ("done", "taken")
    assert Answer.objects.filter(accepted=True).count() == 1


def test_a_defect_is_kept_tried_again_and_given_up_visibly(
    sent: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replies, "content_answer", lambda *_args, **_options: 1 / 0)
    store(button="ok")
    store("r2", address="stranger", button="ok")
    reply_drain()
    first, second = Reply.objects.order_by("id")
    assert (first.state, first.last_error, second.state) == (
        "new",
        "ZeroDivisionError: division by zero",
        "refused",
    )
    for _try in range(replies.MOST_ATTEMPTS):
        Reply.objects.filter(state="new").update(available_at=clock.now())
        reply_drain()
    first.refresh_from_db()
    assert (first.state, first.available_at, first.attempts) == ("failed", None, replies.MOST_ATTEMPTS)
    assert first.result == {"status": "failed", "message": "ZeroDivisionError: division by zero"}


def test_a_refused_reply_shows_the_person_the_card_as_it_is(sent: Source) -> None:
    store(button="unknown")
    reply_drain()
    assert Delivery.objects.get().available_at is not None
    deliver_drain()
    assert Delivery.objects.get().available_at is None
