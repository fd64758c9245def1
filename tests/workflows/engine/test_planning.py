"""From events to runs: order within a record, edges, what is too old, and what cannot be planned."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from typing import Any

import pytest
from django.db import OperationalError

from connectors.models import Event, ObjectExtension, Record
from connectors.selectors import GENERATION as DICTIONARY
from kernel import clock
from kernel.generation import generation_bump
from kernel.text import text_show
from messaging.models import Interaction
from tests.workflows.engine.source import Source
from workflows.engine import plan
from workflows.models import Rule, Run

STREAM = [("v1", 120), ("v2", 90), ("v3", 80), ("v4", 130), ("v5", 70), ("v6", 60), ("v7", 110), ("v8", 99)]
CROSSINGS = ["90", "70", "99"]


def states() -> list[tuple[str, str]]:
    return list(Event.objects.order_by("id").values_list("state", "outcome"))


def test_a_rule_fires_on_the_crossing_and_again_after_it_was_false(source: Source) -> None:
    source.rule()
    source.tell(*[quantity for _version, quantity in STREAM])
    assert source.fired() == CROSSINGS


@pytest.mark.parametrize("seed", range(6))
def test_shuffled_and_doubled_events_of_one_record_give_the_crossings_of_the_sorted_stream(
    source: Source, seed: int
) -> None:
    source.rule()
    items = [source.item(quantity, v=version) for version, quantity in STREAM]
    doubled = items + random.Random(seed).sample(items, 3)
    random.Random(seed + 100).shuffle(doubled)
    answer = source.post(*doubled)
    source.plan()
    assert (answer["accepted"], answer["duplicates"]) == (8, 3)
    assert source.fired() == CROSSINGS
    assert sorted(states()) == sorted(
        [("planned", "matched")] * 3 + [("planned", "no_match")] * 3 + [("planned", "suppressed")] * 2
    )


@pytest.mark.parametrize("batch", [1, 3, 5, 11])
def test_the_crossings_are_the_same_wherever_a_batch_is_cut_off(
    source: Source, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(plan, "BATCH", batch)
    source.rule()
    items = [source.item(quantity, v=version, sku=sku) for version, quantity in STREAM for sku in "AB"]
    random.Random(batch).shuffle(items)
    source.post(*items)
    source.plan()
    assert sorted(source.fired()) == sorted(CROSSINGS * 2)
    assert not Event.objects.exclude(state="planned").exists()


def test_an_older_state_after_a_newer_one_is_superseded_and_fires_nothing(source: Source) -> None:
    source.rule()
    source.tell(120, v="2026-03")
    source.tell(130, v="2026-05")
    source.tell(50, v="2026-04")
    event = Event.objects.latest("id")
    assert (event.state, event.outcome, source.fired()) == ("superseded", "", [])
    assert text_show(event.reason, "en") == "A newer state of this record was already seen."
    assert event.reason.startswith('{"en":')  # in both languages, whoever reads it
    assert source.record().data["on_hand"] == "130"
    source.tell(60, v="2026-06")
    assert source.fired() == ["60"]


@pytest.mark.parametrize(("first", "second"), [*itertools.product(["9", "10"], repeat=2)])
def test_versions_are_ordered_as_numbers(source: Source, first: str, second: str) -> None:
    source.tell(120, v=first)
    source.tell(121, v=second)
    newest = Event.objects.latest("id")
    assert newest.state == ("superseded" if int(second) < int(first) else "planned")


def test_the_source_orders_by_time_where_it_has_no_version(source: Source) -> None:
    source.rule()
    source.tell(120, ts="2026-11-22T10:00:02Z")
    source.tell(50, ts="2026-11-22T18:00:01+08:00")  # one second earlier
    assert (Event.objects.latest("id").state, source.fired()) == ("superseded", [])


def test_records_do_not_wait_for_each_other(source: Source) -> None:
    source.rule()
    source.post(*[source.item(120, sku=sku) for sku in "ABC"], *[source.item(90, sku=sku) for sku in "CAB"])
    source.plan()
    assert [run.event.key for run in Run.objects.order_by("id")] == ["A@EAST", "B@EAST", "C@EAST"]


def test_the_first_state_ever_told_is_no_crossing_but_a_created_record_is(source: Source) -> None:
    source.rule()
    source.tell(50)
    assert (source.fired(), source.held()) == ([], ["first_sight"])
    source.tell(50, sku="NEW", change="created")
    assert source.fired() == ["50"]


def test_unknown_to_true_is_no_crossing_also_for_a_rule_that_fired_before(source: Source) -> None:
    source.rule({"<": [{"var": "record.on_hand"}, {"var": "record.incoming"}]})
    source.tell(120)
    assert Event.objects.latest("id").verdicts[0]["verdict"] == "unknown"
    rule = source.rule(key="again")
    source.tell(90)
    source.tell(130)
    Record.objects.update(planned_data={"product_code": "A", "warehouse": "EAST"})  # nothing known any more
    source.tell(80)
    assert [(run.event.after or {})["on_hand"] for run in rule.runs.order_by("id")] == ["90"]


def test_a_rule_published_while_true_fires_after_false_and_true_again(source: Source) -> None:
    source.tell(50)
    source.rule()
    source.tell(49)
    assert (source.fired(), source.held()) == ([], ["was_true"])
    source.tell(48)
    assert source.held() == ["consumed"]
    source.tell(120, 47)
    assert source.fired() == ["47"]


def test_hysteresis_arms_again_only_past_its_own_line(source: Source) -> None:
    source.rule(firing={"policy": "becomes_true", "rearm": {">=": [{"var": "record.on_hand"}, 120]}})
    source.tell(150, 90, 105, 95)
    assert source.fired() == ["90"]
    source.tell(120, 99)
    assert source.fired() == ["90", "99"]


def test_the_cool_down_begins_with_the_first_delivery_and_the_crossing_waits(source: Source) -> None:
    source.rule(firing={"policy": "becomes_true", "cooldown_seconds": 3600})
    source.tell(150, 90)
    source.tell(150, 80)
    assert source.fired() == ["90", "80"]  # nothing was delivered before the second
    source.work()
    source.tell(150, 70)
    assert (source.fired(), source.held()) == (["90", "80"], ["cooldown"])
    clock.shift(3601)
    source.tell(69)
    assert source.fired() == ["90", "80", "69"]


def test_each_time_fires_for_every_true_event(source: Source) -> None:
    source.rule(firing={"policy": "each_time"})
    source.tell(90, 80, 120, 70)
    assert source.fired() == ["90", "80", "70"]


def test_a_record_that_goes_takes_its_question_with_it_and_is_new_when_it_returns(source: Source) -> None:
    source.rule()
    source.tell(120, 90)
    source.work()
    assert Interaction.objects.get().state == "open"
    source.tell(90, change="gone")
    assert Interaction.objects.get().state == "cancelled"
    assert source.record().gone is True
    source.tell(80, change="created")
    assert source.fired() == ["90", "80"]
    assert source.record().gone is False


def test_a_rule_may_fire_on_a_record_that_goes(source: Source) -> None:
    rule = source.rule(changes=["gone"])
    source.tell(120, 90)
    source.tell(90, change="gone")
    source.work()
    assert [run.event.change for run in rule.runs.all()] == ["gone"]
    assert Interaction.objects.get().state == "open"


def test_what_a_hook_told_is_read_again_by_the_next_poll(source: Source) -> None:
    source.tell(120)
    Record.objects.update(fingerprint="f" * 32)
    source.tell(90)
    assert source.record().fingerprint == ""


class Guilty(Exception):
    """A defect that one event brings out."""


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch) -> None:
    evaluate = plan._evaluate

    def _evaluate(event: Event, *rest: Any) -> None:
        if event.key.startswith("BAD"):
            raise Guilty("boom")
        evaluate(event, *rest)

    monkeypatch.setattr(plan, "_evaluate", _evaluate)


def test_only_the_guilty_event_gets_the_attempt_and_its_record_waits_behind_it(
    source: Source, poisoned: None
) -> None:
    source.rule()
    for sku in ("A", "BAD", "C"):
        source.post(source.item(120, sku=sku))
    source.post(source.item(90, sku="BAD"), source.item(90, sku="A"))
    with clock.frozen(clock.now()):  # on a slow machine the next try would be due meanwhile
        source.plan()
    rows = {(event.key, (event.after or {})["on_hand"]): event for event in Event.objects.all()}
    assert {mark: (event.state, event.attempts) for mark, event in rows.items()} == {
        ("A@EAST", "120"): ("planned", 0),
        ("BAD@EAST", "120"): ("new", 1),
        ("C@EAST", "120"): ("planned", 0),
        ("BAD@EAST", "90"): ("new", 0),
        ("A@EAST", "90"): ("planned", 0),
    }
    assert rows["BAD@EAST", "120"].last_error == "Guilty: boom"
    assert source.fired() == ["90"]


def test_a_poison_event_ends_failed_with_its_reason_after_five_attempts(
    source: Source, poisoned: None
) -> None:
    source.post(source.item(120, sku="BAD"))
    for _attempt in range(5):
        source.plan()
        clock.shift(3600 * (_attempt + 1))
    event = Event.objects.get()
    assert (event.state, event.attempts, event.available_at) == ("failed", 5, None)
    assert text_show(event.reason, "en") == "Planning failed: Guilty: boom"


def test_hundreds_of_events_behind_a_poison_event_keep_nobody_waiting(source: Source, poisoned: None) -> None:
    source.post(source.item(120, sku="BAD"))
    source.plan()
    source.post(*[source.item(100 + number, sku="BAD") for number in range(plan.BATCH + 20)])
    source.post(source.item(120, sku="Z"))
    Event.objects.filter(attempts=1).update(available_at=clock.now() + dt.timedelta(hours=1))
    assert source.plan() == 1
    assert Event.objects.get(key="Z@EAST").state == "planned"


def test_a_database_that_fails_is_no_events_fault(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: Any) -> None:
        raise OperationalError("server closed the connection")

    source.post(source.item(120))
    monkeypatch.setattr(plan, "_evaluate", fail)
    with pytest.raises(OperationalError):
        plan.plan_drain()
    assert Event.objects.values_list("state", "attempts").get() == ("new", 0)


def test_a_rule_that_no_longer_compiles_is_told_and_stops_no_other(source: Source) -> None:
    extension = ObjectExtension.objects.create(
        connection=source.connection,
        object="stock_level",
        definition={"fields": [{"name": "x_shelf", "type": "text", "label": "Shelf"}]},
    )
    generation_bump(DICTIONARY)
    broken = source.rule({"==": [{"var": "record.x_shelf"}, "A1"]}, key="shelf")
    source.rule()
    source.tell(120)
    extension.delete()
    generation_bump(DICTIONARY)
    source.tell(90)
    assert source.fired() == ["90"]
    verdict = next(each for each in Event.objects.latest("id").verdicts if each["rule"] == broken.pk)
    assert (verdict["verdict"], verdict["fired"]) == ("broken", False)
    assert "x_shelf" in verdict["held"]
    Rule.objects.filter(key="below").update(state="off")
    generation_bump("rules")
    source.tell(120, 80)
    assert Event.objects.latest("id").outcome == "suppressed"


def test_events_nobody_asked_about_say_so(source: Source) -> None:
    source.tell(120)
    assert states() == [("planned", "no_rule")]
    source.rule({"<": [{"var": "record.on_hand"}, 10]})
    source.tell(119)
    assert states()[-1] == ("planned", "no_match")
