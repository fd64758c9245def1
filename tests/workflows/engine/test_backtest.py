"""A back-test over the recorded events says what was really sent, message by message; it may be cut, cancelled and gone on."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from connectors.models import Event
from kernel import clock, doorbell
from messaging.models import Delivery
from permissions.models import Grant, User
from tests.workflows.engine.source import BELOW, Source
from workflows.engine import backtest
from workflows.engine.backtest import backtest_drain
from workflows.engine.firing import firing_decide
from workflows.engine.refresh import HANDLER
from workflows.models import BackTest, BackTestHit, BackTestState, Rule, Run
from workflows.services.backtests import backtest_cancel, backtest_start

pytestmark = pytest.mark.database
MONDAY = dt.datetime(2035, 11, 19, 8, tzinfo=dt.UTC)
ABOVE_ENOUGH = {">": [{"var": "record.on_hand"}, {"+": [{"var": "record.reorder_level"}, 20]}]}
STEEP = {"and": [{"changed": ["on_hand"]}, {"<": [{"var": "record.on_hand"}, {"var": "before.on_hand"}]}]}
TO_BOTH = {"recipients": [{"type": "user", "username": "li"}, {"type": "role", "group": "East"}]}
Sent = list[tuple[int | None, str, str]]


@pytest.fixture
def week(source: Source, monkeypatch: pytest.MonkeyPatch) -> Iterator[Source]:
    """A seeded week through the real engine: duplicates, late states, batches that fail, people who may see one warehouse."""
    east = User.objects.create_user("wang", password="x", language="zh-hans")
    east.groups.add(Group.objects.create(name="East"))
    Grant.objects.create(
        user=east, objects_covered=["stock_level"], verbs=["see"], scopes={"warehouse": ["EAST"]}
    )
    for person in (source.person, east):
        person.is_superuser = True
        person.save()
    source.rule(BELOW, firing={"policy": "becomes_true", "rearm": ABOVE_ENOUGH}, params=TO_BOTH)
    source.rule(
        STEEP, key="steep", firing={"policy": "each_time", "cooldown_seconds": 6 * 3600}, params=TO_BOTH
    )
    broken = {"left": 0}
    really = firing_decide

    def sometimes(*args: Any, **options: Any) -> Any:
        if broken["left"]:
            broken["left"] -= 1
            raise RuntimeError("injected")
        return really(*args, **options)

    monkeypatch.setattr("workflows.engine.plan.firing_decide", sometimes)
    chance = random.Random(20261116)
    stock = {(sku, place): 130 for sku in "ABCD" for place in ("EAST", "WEST")}
    version = 0
    for tick in range(36):
        with clock.frozen(MONDAY + dt.timedelta(hours=4 * tick)):
            items = []
            for sku, place in chance.sample(sorted(stock), 4):
                version += 1
                stock[sku, place] = max(0, stock[sku, place] + chance.choice([-110, -60, -20, 40, 90, 130]))
                change = "gone" if chance.random() < 0.03 else "changed"
                late = version - 30 if chance.random() < 0.05 else version
                items.append(
                    source.item(stock[sku, place], sku=sku, warehouse=place, change=change, v=f"{late:09d}")
                )
            broken["left"] = 1 if tick % 9 == 0 else 0
            source.post(*items, items[0])
            source.work()
            broken["left"] = 0
        with clock.frozen(MONDAY + dt.timedelta(hours=4 * tick, seconds=5)):
            source.work()
    monkeypatch.setattr("workflows.engine.plan.firing_decide", really)
    with clock.frozen(MONDAY + dt.timedelta(days=7)):
        yield source


def really_sent(rule: Rule) -> Sent:
    steps = {str(pk) for pk in rule.runs.values_list("steps", flat=True)}
    found = Delivery.objects.filter(
        sent_at__isnull=False, interaction__handler=HANDLER, interaction__handler_ref__in=steps
    )
    return sorted(
        (each.interaction.event_id, each.user.username, each.connection.slug)
        for each in found.select_related("interaction", "user", "connection")
    )


def replayed(row: BackTest, side: str = "draft") -> Sent:
    hits = BackTestHit.objects.filter(backtest=row, side=side, user__isnull=False)
    return sorted(hits.values_list("event_id", "user__username", "channel__slug"))


def start(rule: Rule, definition: dict[str, Any] | None = None, days: int = 30) -> BackTest:
    assert isinstance(rule.owner, User)
    return backtest_start(rule.owner, rule, definition or rule.current.definition, days)  # type: ignore[union-attr]


def figures(row: BackTest) -> dict[str, Any]:
    assert row.summary is not None
    return dict(row.summary)


def finish(row: BackTest) -> BackTest:
    while backtest_drain():
        pass
    row.refresh_from_db()
    return row


def test_a_week_replayed_equals_what_was_sent(week: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("below", "steep"):
        rule = Rule.objects.get(key=key)
        sent = really_sent(rule)
        assert len(sent) > 8
        assert {each[1] for each in sent} == {"li", "wang"}
        row = finish(start(rule))
        assert row.state == BackTestState.DONE, row.reason
        assert replayed(row) == sent
        assert figures(row)["messages"] == len(sent)
        assert figures(row)["fired"] == Run.objects.filter(rule=rule).count()
        assert sum(day["messages"] for day in figures(row)["per_day"]) == len(sent)
        assert [each["difference"] for each in figures(row)["people"]] == [0, 0]
    held = [each["held"] for verdicts in Event.objects.values_list("verdicts", flat=True) for each in verdicts
            if each["rule"] == rule.pk and each["held"]]  # fmt: skip
    assert row.held == Counter(held)
    _cut_in_slices_it_finds_the_same(monkeypatch)
    _the_difference_is_told_for_each_person()


def _cut_in_slices_it_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backtest, "CHUNK", 7)
    monkeypatch.setattr(backtest, "SLICE_SECONDS", 0.0)
    rule = Rule.objects.get(key="below")
    row = start(rule)
    slices = 0
    while backtest_drain():
        slices += 1
        row.refresh_from_db()
        assert 0 < row.done <= row.total
    assert (row.state, slices >= row.total // 7) == (BackTestState.DONE, True)
    assert replayed(row) == really_sent(rule)


def _the_difference_is_told_for_each_person() -> None:
    rule = Rule.objects.get(key="below")
    definition = dict(rule.current.definition)  # type: ignore[union-attr]
    steps = [
        {
            "action": "ask",
            "params": {**definition["steps"][0]["params"], "recipients": [{"type": "rule_owner"}]},
        }
    ]
    row = finish(
        start(rule, {**definition, "condition": {"<": [{"var": "record.on_hand"}, 60]}, "steps": steps})
    )
    sent = really_sent(rule)
    by = {name: sum(each[1] == name for each in sent) for name in ("li", "wang")}
    people = {each["username"]: each for each in figures(row)["people"]}
    assert replayed(row, "published") == sent
    assert (people["wang"]["messages"], people["wang"]["difference"]) == (0, -by["wang"])
    assert people["li"]["difference"] == people["li"]["messages"] - by["li"]


def test_cancelled_it_stores_nothing_more(week: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    _what_the_asker_may_not_know_is_left_out()
    _a_slice_needs_few_queries()
    monkeypatch.setattr(backtest, "CHUNK", 7)
    monkeypatch.setattr(backtest, "SLICE_SECONDS", 0.0)
    row = start(Rule.objects.get(key="below"))
    backtest_drain()
    really = backtest._commit

    def late(*args: Any) -> None:
        backtest_cancel(row)
        really(*args)

    monkeypatch.setattr(backtest, "_commit", late)
    kept = BackTestHit.objects.count()
    backtest_drain()
    row.refresh_from_db()
    assert (row.state, row.done, BackTestHit.objects.count()) == (BackTestState.CANCELLED, 7, kept)
    assert backtest_drain() == 0


def _what_the_asker_may_not_know_is_left_out() -> None:
    rule = Rule.objects.get(key="below")
    wang = User.objects.get(username="wang")
    row = finish(backtest_start(wang, rule, rule.current.definition, 30))  # type: ignore[union-attr]
    places = set(BackTestHit.objects.filter(backtest=row).values_list("key", flat=True))
    assert places
    assert {each.partition("@")[2] for each in places} == {"EAST"}
    assert 0 < figures(row)["left_out"] < row.total
    priced = {**rule.current.definition, "condition": {">": [{"var": "record.unit_price"}, 0]}}  # type: ignore[union-attr]
    row = finish(backtest_start(wang, rule, priced, 30))
    assert (figures(row)["left_out"], figures(row)["fired"], row.held) == (row.total, 0, {})


def _a_slice_needs_few_queries() -> None:
    rule = Rule.objects.get(key="below")
    counts = []
    for days in (2, 30):
        start(rule, days=days)
        with CaptureQueriesContext(database) as caught:
            backtest_drain()
        counts.append(len(caught))
    assert max(counts) <= 60
    assert doorbell.queue("backtest").is_due() is False
