"""A receiver that may discard silently: sent is not delivered, and somebody is told in the end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from connectors.ports.im import InboundReply
from kernel import clock
from kernel.models import AuditEntry
from kernel.text import text_show
from kernel.work import work_held
from messaging.models import Confirmation, Delivery, Interaction
from messaging.services import confirming
from messaging.services.answers import answer_submit
from messaging.services.confirming import CONFIRM_SECONDS, confirm_drain
from messaging.services.interactions import interaction_show
from messaging.services.replies import reply_drain, reply_store
from messaging.services.seen import cards_seen
from permissions.models import Grant, Identity, User
from tests.messaging.webhook import Receiver, webhook_register
from tests.workflows.engine.source import Source

START = dt.datetime(2026, 11, 27, 9, tzinfo=dt.UTC)


class Silent:
    """A rule that asks "li" through a webhook that may discard, with "deputy" as the fallback."""

    def __init__(self, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
        self.source, self.receiver = source, Receiver(monkeypatch)
        self.hook = webhook_register(may_discard=True)
        Identity.objects.create(connection=self.hook, external_id="li@hook", user=source.person)
        self.deputy = User.objects.create_user("deputy", password="x", language="en", time_zone="UTC")
        Grant.objects.create(
            user=self.deputy, objects_covered=["*"], verbs=["see", "answer"], scopes={"warehouse": ["*"]}
        )
        source.rule(
            params={
                "channels": ["hook"],
                "fallback": [{"type": "user", "username": "deputy"}],
                "confirm_seconds": 300,
            }
        )
        Identity.objects.create(connection=self.hook, external_id="deputy@hook", user=self.deputy)
        source.tell(120, 90)
        source.work()

    def at(self, minutes: float) -> None:
        with clock.frozen(START + dt.timedelta(minutes=minutes)):
            self.source.work()

    @staticmethod
    def rows() -> list[tuple[str, str, str, str]]:
        found = Delivery.objects.select_related("user", "connection").order_by("pk")
        return [
            (each.user.username, each.connection.slug, each.state, text_show(each.reason, "en"))
            for each in found
        ]


@pytest.fixture
def silent(source: Source, monkeypatch: pytest.MonkeyPatch) -> Iterator[Silent]:
    with clock.frozen(START):
        yield Silent(source, monkeypatch)


def test_without_a_sign_the_next_channel_and_then_the_next_person_is_tried_once_each(silent: Silent) -> None:
    assert silent.rows() == [("li", "hook", "unconfirmed", "")]
    silent.at(4.9)
    assert len(silent.rows()) == 1
    silent.at(5.1)
    assert silent.rows() == [
        ("li", "hook", "unconfirmed", "Not confirmed in time; went on through “inbox”."),
        ("li", "inbox", "delivered", ""),
    ]
    silent.at(10.3)
    assert silent.rows()[1:] == [
        ("li", "inbox", "delivered", "Not confirmed in time; went on to deputy."),
        ("deputy", "hook", "unconfirmed", ""),
    ]
    silent.at(15.5)
    silent.at(20.7)
    assert silent.rows()[2:] == [
        ("deputy", "hook", "unconfirmed", "Not confirmed in time; went on through “inbox”."),
        ("deputy", "inbox", "delivered", "Not confirmed in time, and nobody is left to try."),
    ]
    silent.at(1000)
    assert len(silent.rows()) == 4
    assert AuditEntry.objects.filter(action="delivery.unconfirmed").count() == 1
    assert not Confirmation.objects.filter(available_at__isnull=False).exists()
    assert Interaction.objects.get().state == "open"


@pytest.mark.parametrize("sign", ["seen", "answer", "receipt"])
def test_a_sign_confirms_and_nobody_else_is_asked(silent: Silent, sign: str) -> None:
    interaction, person = Interaction.objects.get(), silent.source.person
    if sign == "seen":
        assert cards_seen(person, [interaction.uid]) == 1
    elif sign == "answer":
        assert answer_submit(interaction.pk, person, "ok", {}, version=1, channel="im.webhook").taken
    else:
        reply_store(
            silent.hook, InboundReply("e1", "li@hook", message_id=str(interaction.uid), is_receipt=True)
        )
        reply_drain()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.delivered_at is not None) == ("delivered", True)
    silent.at(60)
    assert len(silent.rows()) == 1
    assert Confirmation.objects.get().state == "confirmed"


def test_somebody_elses_receipt_confirms_nothing(silent: Silent) -> None:
    uid = str(Interaction.objects.get().uid)
    reply_store(silent.hook, InboundReply("e1", "deputy@hook", message_id=uid, is_receipt=True))
    reply_drain()
    assert silent.rows() == [("li", "hook", "unconfirmed", "")]


def test_a_look_noted_while_it_was_being_sent_counts(silent: Silent) -> None:
    Delivery.objects.update(seen_at=clock.now())
    silent.at(6)
    assert [(each[0], each[2]) for each in silent.rows()] == [("li", "delivered")]


def test_a_question_that_ended_is_not_carried_on(silent: Silent) -> None:
    silent.source.tell(130)
    silent.at(6)
    assert len(silent.rows()) == 1
    assert Confirmation.objects.get().state == "ended"


def test_a_later_version_does_not_take_the_confirmation_back(silent: Silent) -> None:
    interaction = Interaction.objects.get()
    cards_seen(silent.source.person, [interaction.uid])
    interaction_show(interaction, card={**interaction.card, "body": "moved"})
    silent.source.work()
    assert Delivery.objects.values_list("state", "version").get() == ("delivered", 2)


def test_the_next_way_asks_the_gate_again(silent: Silent) -> None:
    Grant.objects.filter(user=silent.source.person).delete()
    silent.at(6)
    assert [each[:3] for each in silent.rows()][:2] == [
        ("li", "hook", "unconfirmed"),
        ("li", "inbox", "refused"),
    ]


def test_a_claim_taken_over_goes_on_once(silent: Silent, monkeypatch: pytest.MonkeyPatch) -> None:
    held = work_held

    def taken_over(row: Confirmation) -> bool:
        Confirmation.objects.update(lease_owner="somebody else")
        return held(row)

    with clock.frozen(START + dt.timedelta(seconds=301)):
        with monkeypatch.context() as patched:
            patched.setattr(confirming, "work_held", taken_over)
            confirm_drain()
        assert len(silent.rows()) == 1
        Confirmation.objects.update(lease_until=None)
        confirm_drain()
        confirm_drain()
    assert len(silent.rows()) == 2


def test_half_of_a_short_questions_time_is_left_for_the_next(silent: Silent) -> None:
    interaction = Interaction.objects.get()
    now = clock.now()
    interaction.expires_at = now + dt.timedelta(seconds=200)
    assert confirming._deadline(interaction, now) == now + dt.timedelta(seconds=100)
    interaction.expires_at, interaction.card = None, {}
    assert confirming._deadline(interaction, now) == now + dt.timedelta(seconds=CONFIRM_SECONDS)
