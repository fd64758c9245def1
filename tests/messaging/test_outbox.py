"""Sending: tried again, given up, refused by the gate, somebody else told, never twice as if it were new."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from connectors.im.inbox.connector import InboxConnector
from connectors.models import Connection
from connectors.ports.im import SendResult
from connectors.services import factory
from connectors.services.connections import connection_resume
from kernel import clock
from kernel.errors import AuthFailed, BatonError, OutcomeUnknown, RateLimited, Rejected, Transient
from kernel.models import AuditEntry
from kernel.text import text_show
from messaging.card import card_render
from messaging.models import Delivery, Interaction
from messaging.selectors import inbox_cards
from messaging.services import digest, lane, outbox, sent
from messaging.services.interactions import interaction_show
from messaging.services.outbox import deliver_drain, delivery_replay
from permissions.models import Grant, User
from tests.workflows.engine.source import Source
from workflows.engine.execute import execute_drain
from workflows.models import RuleRecordState, Run, Step


@pytest.fixture(autouse=True)
def _no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", lambda _low, high: high)


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> list[str]:
    """Every send and update to "li" raises; the keys that were tried."""
    tried: list[str] = []

    def fail(_self: InboxConnector, address: str, *_args: Any, idempotency_key: str) -> SendResult:
        if address != "li":
            return SendResult("delivered")
        tried.append(idempotency_key)
        raise error

    monkeypatch.setattr(InboxConnector, "send", fail)
    monkeypatch.setattr(InboxConnector, "update", fail)
    return tried


def due_in() -> float:
    available_at = Delivery.objects.get().available_at
    assert available_at is not None
    return (available_at - clock.now()).total_seconds()


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (Transient("down"), 1.0),
        (OutcomeUnknown("no answer"), 1.0),
        (RateLimited("slow down", 42.0), 42.0),
        (AuthFailed("wrong password"), outbox.PAUSED_SECONDS),
    ],
)
def test_what_may_pass_is_tried_again_under_the_same_key(
    asked: Source, monkeypatch: pytest.MonkeyPatch, error: BatonError, seconds: float
) -> None:
    with clock.frozen(clock.now()), monkeypatch.context() as patched:
        Delivery.objects.update(available_at=clock.now(), created_at=clock.now())
        tried = failing(patched, error)
        deliver_drain()
        delivery = Delivery.objects.get()
        assert due_in() == seconds
    assert (delivery.state, delivery.last_error, delivery.attempts) == ("ready", error.message, 1)
    assert (delivery.lease_owner, delivery.lease_until) == ("", None)
    assert tried == [f"{delivery.uid.hex}-1"]
    Connection.objects.update(state="active", retry_at=None)
    Delivery.objects.update(available_at=clock.now())
    deliver_drain()
    assert Delivery.objects.values_list("state", "last_error", "reason", "attempts").get() == (
        "delivered",
        "",
        "",
        0,
    )


def test_the_waits_double(asked: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, Transient("down"))
    waits = []
    with clock.frozen(clock.now()):
        for _try in range(5):
            Connection.objects.update(retry_at=None, failures=0)
            Delivery.objects.update(available_at=clock.now(), created_at=clock.now())
            deliver_drain()
            waits.append(due_in())
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0]


def test_after_three_failures_the_rest_of_the_batch_does_not_wait_for_time_outs(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.rule()
    source.post(*[source.item(120, sku=f"S{number}") for number in range(10)])
    source.post(*[source.item(90, sku=f"S{number}") for number in range(10)])
    tried = failing(monkeypatch, Transient("down"))
    source.plan()
    execute_drain()
    deliver_drain()
    assert len(tried) == factory.BREAKER_FAILURES
    assert Delivery.objects.filter(state="ready", available_at__isnull=False).count() == 10


def test_one_connector_serves_a_whole_batch_and_is_closed(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[str] = []
    closed: list[int] = []
    build: Callable[..., Any] = factory.connector_build

    def counted(key: str, *args: Any, **options: Any) -> Any:
        built.append(f"{key} {options['inbound_path']}")
        return build(key, *args, **options)

    monkeypatch.setattr(factory, "connector_build", counted)
    monkeypatch.setattr(InboxConnector, "close", lambda _self: closed.append(1))
    source.rule()
    source.post(*[source.item(120, sku=f"S{number}") for number in range(5)])
    source.post(*[source.item(90, sku=f"S{number}") for number in range(5)])
    source.work()
    assert Delivery.objects.filter(state="delivered").count() == 5
    assert (built, closed) == (["im.inbox /replies/inbox/"], [1])


@pytest.mark.parametrize("error", [Rejected("The address does not exist."), Transient("down")])
def test_what_cannot_be_delivered_goes_to_the_rules_fallback(
    source: Source, monkeypatch: pytest.MonkeyPatch, error: BatonError
) -> None:
    other = User.objects.create_user("deputy", password="x")
    Grant.objects.create(
        user=other, objects_covered=["*"], verbs=["see", "answer"], scopes={"warehouse": ["*"]}
    )
    source.rule(params={"fallback": [{"type": "user", "username": "deputy"}]})
    source.tell(120, 90)
    with monkeypatch.context() as patched:
        failing(patched, error)
        source.work()
        clock.shift(sent.GIVE_UP_DAYS * 86_400 + 60)
        Delivery.objects.filter(state="ready").update(available_at=clock.now())
        Connection.objects.update(retry_at=None, failures=0)
        deliver_drain()
    source.work()
    rows = {delivery.user.username: delivery for delivery in Delivery.objects.select_related("user")}
    assert {name: (row.state, row.purpose) for name, row in rows.items()} == {
        "li": ("failed", "recipient"), "deputy": ("delivered", "fallback"),
    }  # fmt: skip
    assert rows["li"].reason == error.message
    assert Interaction.objects.get().state == "open"


def test_when_nobody_is_left_the_run_is_a_dead_letter_and_says_why(
    asked: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, Rejected("The address does not exist."))
    deliver_drain()
    assert Delivery.objects.get().state == "failed"
    assert (Run.objects.get().state, Run.objects.get().outcome) == ("failed", "dead_letter")
    assert text_show(Step.objects.get().reason, "en") == (
        "The message could not be delivered: The address does not exist."
    )
    assert Interaction.objects.get().state == "failed"
    assert AuditEntry.objects.filter(action="interaction.undeliverable").count() == 1


def test_a_failed_delivery_is_sent_again_by_a_person_through_the_gate(
    asked: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        failing(patched, Rejected("The address does not exist."))
        deliver_drain()
    delivery = Delivery.objects.get()
    delivery_replay(delivery)
    Grant.objects.all().delete()
    deliver_drain()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.sent_at) == ("refused", None)
    assert delivery.proof["allowed"] is False
    delivery_replay(delivery)
    Grant.objects.create(user=asked.person, objects_covered=["*"], verbs=["see"], scopes={"warehouse": ["*"]})
    deliver_drain()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.version) == ("delivered", Interaction.objects.get().version)
    delivery_replay(delivery)
    assert Delivery.objects.get().available_at is None  # nothing to repeat: it arrived


def test_the_gate_is_asked_at_the_moment_of_sending(asked: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []

    def send(_self: InboxConnector, address: str, *_args: Any, **_options: Any) -> SendResult:
        sent.append(address)
        return SendResult("1")

    monkeypatch.setattr(InboxConnector, "send", send)
    Grant.objects.all().delete()
    deliver_drain()
    assert sent == []
    assert Delivery.objects.values_list("state", "available_at").get() == ("refused", None)
    assert Run.objects.get().state == "failed"


def test_an_update_is_withheld_from_who_lost_the_right(
    asked: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver_drain()
    Grant.objects.all().delete()
    tried = failing(monkeypatch, Transient("must not be called"))
    asked.tell(80)
    deliver_drain()
    delivery = Delivery.objects.get()
    assert (tried, delivery.state, delivery.version, delivery.available_at) == ([], "delivered", 1, None)
    assert Interaction.objects.get().version == 2


def test_a_card_that_moved_while_it_was_sent_is_sent_again(
    asked: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = InboxConnector.send

    def moving(self: InboxConnector, *args: Any, **options: Any) -> SendResult:
        interaction_show(Interaction.objects.get(), card={**Interaction.objects.get().card, "body": "moved"})
        return send(self, *args, **options)

    monkeypatch.setattr(InboxConnector, "send", moving)
    deliver_drain()
    delivery = Delivery.objects.get()
    assert (delivery.version, delivery.wanted_version) == (1, 2)
    deliver_drain()
    delivery.refresh_from_db()
    assert (delivery.version, delivery.wanted_version, delivery.available_at) == (2, 2, None)


def test_what_a_page_noted_meanwhile_is_not_overwritten(
    asked: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = InboxConnector.send

    def looked_at(self: InboxConnector, *args: Any, **options: Any) -> SendResult:
        inbox_cards(asked.person, [Interaction.objects.select_related("record").get()])
        Delivery.objects.update(seen_at=clock.now())
        return send(self, *args, **options)

    monkeypatch.setattr(InboxConnector, "send", looked_at)
    deliver_drain()
    delivery = Delivery.objects.get()
    assert (delivery.seen_version, delivery.seen_at is not None, delivery.state) == (1, True, "delivered")


def test_a_defect_keeps_nobody_elses_message_waiting(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    source.rule()
    source.post(*[source.item(120, sku=sku) for sku in ("BAD", "B")])
    source.post(*[source.item(90, sku=sku) for sku in ("BAD", "B")])

    def render(interaction: Interaction, *rest: Any) -> Any:
        if interaction.card["data"]["product_code"] == "BAD":
            raise KeyError("defect")
        return card_render(interaction, *rest)

    monkeypatch.setattr(digest, "card_render", render)
    source.work()
    bad, good = Delivery.objects.order_by("interaction__record__key").reverse()
    assert (bad.state, bad.last_error, bad.attempts) == ("ready", "KeyError: 'defect'", 1)
    assert good.state == "delivered"
    for _try in range(4):
        Delivery.objects.filter(state="ready").update(available_at=clock.now())
        deliver_drain()
    bad.refresh_from_db()
    assert (bad.state, bad.attempts, bad.available_at) == ("failed", 5, None)


def test_a_delivery_whose_lease_ran_out_in_its_batch_is_left_to_others(
    asked: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = failing(monkeypatch, Transient("must not be called"))
    monkeypatch.setattr(lane, "work_is_late", lambda _row: True)
    deliver_drain()
    assert (tried, Delivery.objects.get().state) == ([], "ready")


def test_a_claim_taken_over_stores_nothing(asked: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    def taken_over(_self: InboxConnector, *_args: Any, **_options: Any) -> SendResult:
        Delivery.objects.update(lease_owner="somebody else")
        return SendResult("mine")

    monkeypatch.setattr(InboxConnector, "send", taken_over)
    deliver_drain()
    assert Delivery.objects.values_list("state", "vendor_message_id").get() == ("ready", "")


def test_the_first_delivery_starts_the_cool_down_once(asked: Source) -> None:
    deliver_drain()
    started = RuleRecordState.objects.get().first_delivered_at
    assert started is not None
    asked.tell(80)
    clock.shift(60)
    deliver_drain()
    assert RuleRecordState.objects.get().first_delivered_at == started


def test_messages_go_out_again_when_the_connection_is_resumed(
    asked: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        failing(patched, AuthFailed("wrong password"))
        deliver_drain()
    inbox = Connection.objects.get(slug="inbox")
    assert inbox.state == "auth_failed"
    clock.shift(outbox.PAUSED_SECONDS + 1)
    deliver_drain()
    assert Delivery.objects.get().state == "ready"
    connection_resume(None, inbox)
    clock.shift(2 * outbox.PAUSED_SECONDS + 2)
    deliver_drain()
    assert Delivery.objects.get().state == "delivered"
    assert AuditEntry.objects.filter(action="connection.auth_failed").count() == 1
