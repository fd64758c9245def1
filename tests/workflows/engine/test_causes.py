"""Events know whose write caused them; a rule that runs in a circle is stopped, told of once, and can be resumed."""

from __future__ import annotations

import re
from typing import Any

import pytest

from connectors.erp.sql.connector import SqlConnector
from connectors.models import Event, RecordedObject
from connectors.services.connections import mapping_save
from connectors.services.poll import poll_drain
from kernel import clock
from kernel.generation import generation_bump
from messaging.models import Delivery, Interaction
from permissions.models import Grant, User
from permissions.services.roles import ANALYST
from tests.company import DemoCompany
from tests.workflows.engine.source import Source
from workflows.definition import definition_read
from workflows.engine import causes, loops
from workflows.engine.causes import CERTAIN, INFERRED, cause_link
from workflows.engine.compiled import GENERATION
from workflows.engine.loops import loop_is
from workflows.engine.plan import plan_drain
from workflows.models import Footprint, FootprintKind, Rule, RuleState, RuleVersion, Run
from workflows.services.rules import rule_switch_on

AGAIN = {
    name: {"var": f"record.{name}"}
    for name in ("product_code", "supplier_code", "quantity", "unit_price", "warehouse")
}
EAST: Any = {"==": [{"var": "record.warehouse"}, "EAST"]}
WEST: Any = {"==": [{"var": "record.warehouse"}, "WEST"]}


def writing_rule(
    company: DemoCompany, key: str, about: str, condition: Any, values: Any, *, changes: list[str]
) -> Rule:
    """A rule that writes a purchase order by itself, without asking anybody; its owner may."""
    Grant.objects.filter(group__name=ANALYST).update(verbs=["see", "answer"])
    params = {"write": "create_purchase_order", "object": "purchase_order", "values": values}
    definition = definition_read(
        {
            "schema": 1,
            "trigger": {"type": "record", "object": about, "changes": changes},
            "condition": condition,
            "firing": {"policy": "each_time"},
            "steps": [{"action": "create_document", "params": params}],
        }
    )
    rule = Rule.objects.create(
        key=key, name={"en": key}, connection=company.connection, object=about, owner=company.user("analyst")
    )
    rule.current = RuleVersion.objects.create(rule=rule, number=1, definition=dict(definition.raw))
    rule.state = RuleState.LIVE
    rule.save()
    generation_bump(GENERATION)
    return rule


def again_rule(company: DemoCompany, key: str = "again", condition: Any = True, **values: Any) -> Rule:
    return writing_rule(company, key, "purchase_order", condition, {**AGAIN, **values}, changes=["created"])


def rounds(company: DemoCompany, count: int, seconds: float = 1.0) -> None:
    """Time passes and Baton works, `count` times."""
    for _round in range(count):
        clock.shift(clock._offset.total_seconds() + seconds)
        company.work()


def first_order(company: DemoCompany) -> Run:
    """One order by a buyer's click, which every chain here begins with."""
    company.sell()
    assert company.answer().taken
    rounds(company, 2)
    return Run.objects.order_by("pk")[0]


def notices() -> list[Interaction]:
    return list(Interaction.objects.filter(handler="workflows.notice").order_by("pk"))


def test_the_order_that_a_run_wrote_is_known_as_its_own(company: DemoCompany) -> None:
    run = first_order(company)
    event = Event.objects.get(object="purchase_order")
    assert (event.cause_run_id, event.depth) == (run.pk, 1)
    assert event.causes == [
        {"run": run.pk, "rule": run.rule_id, "stops": 0, "event": run.event_id, "by_person": True, "depth": 1,
         "link": CERTAIN}
    ]  # fmt: skip
    # More is incoming for the item: its stock changed shortly after the write, so probably by it.
    side = Event.objects.filter(object="stock_level").latest("pk")
    assert (side.cause_run_id, cause_link(side)) == (run.pk, INFERRED)
    # What was sold before the write is nobody's doing.
    assert Event.objects.get(pk=run.event_id).cause_run_id is None


def test_a_change_long_after_the_write_is_not_its_doing(company: DemoCompany) -> None:
    first_order(company)
    clock.shift(causes.WINDOW_SECONDS + 1)
    company.sell(1)
    event = Event.objects.filter(object="stock_level").latest("pk")
    assert (event.cause_run_id, event.depth, event.causes) == (None, 0, None)


def test_a_posted_document_is_known_by_its_reference_on_any_connection(
    company: DemoCompany, settings: Any
) -> None:
    run = first_order(company)
    key = Footprint.objects.get(kind=FootprintKind.REFERENCE).token.removeprefix("key:")
    hooks = Source._connection("hooks", "erp.webhook")
    fields = {name: {"source": name} for name in ("number", "product_code", "supplier_code", "reference")}
    mapping_save(
        None, hooks, "purchase_order", {"key": ["number"], "fields": {**fields, "quantity": {"source": "qty"}}},
        channel="hook",
    )  # fmt: skip
    item = {"number": "X1", "product_code": "P", "supplier_code": "S", "qty": 5}
    source = Source.__new__(Source)
    source.connection = hooks
    source.post({**item, "reference": f"BATON-{key}"}, {**item, "number": "X2", "reference": key[:31]})
    source.plan()
    ours, other = Event.objects.filter(connection=hooks).order_by("pk")
    assert (ours.cause_run_id, cause_link(ours)) == (run.pk, CERTAIN)
    assert (other.cause_run_id, other.depth) == (None, 0)


def test_an_order_read_before_its_write_is_finished_is_known_afterwards(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(causes, "_KEY", re.compile("(?!)"))  # an ERP that shows no reference
    perform = SqlConnector.perform

    def read_meanwhile(self: Any, *args: Any, **options: Any) -> Any:
        result = perform(self, *args, **options)
        RecordedObject.objects.update(available_at=clock.now(), lease_until=None)
        poll_drain()
        plan_drain()
        assert Event.objects.get(object="purchase_order").cause_run_id is None
        return result

    monkeypatch.setattr(SqlConnector, "perform", read_meanwhile)
    run = first_order(company)
    event = Event.objects.get(object="purchase_order")
    assert (event.cause_run_id, event.depth, cause_link(event)) == (run.pk, 1, CERTAIN)


def test_a_rule_that_starts_itself_is_stopped_told_of_once_and_resumed(company: DemoCompany) -> None:
    rule = again_rule(company)
    first = first_order(company)
    rounds(company, 8)
    rule.refresh_from_db()
    assert (rule.state, rule.stops) == ("loop", 1)
    written = len(company.orders())
    assert written == 1 + loops.CERTAIN_MOST
    last = Run.objects.filter(rule=rule).latest("pk")
    assert (last.state, last.outcome) == ("cancelled", "loop")
    assert Run.objects.filter(rule=rule, state="done").count() == loops.CERTAIN_MOST
    assert "What it wrote started it again 5 times: event #" in rule.state_reason
    assert f"“again” (run #{last.pk - 1}) → event #{last.event_id}." in rule.state_reason
    assert Rule.objects.get(pk=first.rule_id).state == "live"

    (notice,) = notices()
    told = set(Delivery.objects.filter(interaction=notice).values_list("user__username", "state"))
    assert told == {("analyst", "delivered"), ("it", "delivered")}
    rounds(company, 3)
    assert (len(notices()), len(company.orders())) == (1, written)

    rule_switch_on(User.objects.create_superuser("boss", password="x"), rule)
    rounds(company, 3)
    assert (rule.state, rule.state_reason, len(company.orders())) == ("live", "", written)
    # It begins to count anew; the old chain does not stop it at once.
    company.sql("UPDATE purchase_orders SET number = 'PO-NEW' WHERE number = ?", company.orders()[-1].number)
    rounds(company, 8)
    rule.refresh_from_db()
    assert (rule.state, rule.stops, len(notices())) == ("loop", 2, 2)


def test_two_rules_that_start_each_other_are_stopped(company: DemoCompany) -> None:
    there = again_rule(company, "there", EAST, warehouse="WEST")
    back = again_rule(company, "back", WEST, warehouse="EAST")
    first_order(company)
    rounds(company, 14)
    state = dict(Rule.objects.filter(pk__in=[there.pk, back.pk]).values_list("key", "state"))
    assert sorted(state.values()) == ["live", "loop"]
    assert len(notices()) == 1
    stopped = Rule.objects.get(state="loop")
    assert "“there” (run #" in stopped.state_reason
    assert "“back” (run #" in stopped.state_reason
    assert len(company.orders()) == 1 + 2 * loops.CERTAIN_MOST


def test_a_loop_over_what_a_write_changes_elsewhere_is_stopped(company: DemoCompany) -> None:
    """An order raises what is incoming, and that starts the rule again: no key tells, only the time."""
    values = {
        **{name: {"var": f"record.{name}"} for name in ("product_code", "supplier_code", "unit_price")},
        "warehouse": {"var": "record.warehouse"},
        "quantity": 1,
    }
    Rule.objects.update(state="off")
    rule = writing_rule(company, "more", "stock_level", True, values, changes=["changed"])
    company.sell(1)
    rounds(company, 24, seconds=10)
    rule.refresh_from_db()
    assert (rule.state, len(company.orders())) == ("loop", loops.INFERRED_MOST)


def test_a_rule_that_writes_about_one_record_too_fast_is_stopped(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where nothing tells that its own writes start it."""
    monkeypatch.setattr("workflows.engine.plan.causes_attach", lambda *_batch: None)
    values = {
        **{name: {"var": f"record.{name}"} for name in ("product_code", "supplier_code", "unit_price")},
        "warehouse": {"var": "record.warehouse"},
        "quantity": 1,
    }
    Rule.objects.update(state="off")
    rule = writing_rule(company, "more", "stock_level", True, values, changes=["changed"])
    for _time in range(loops.RECORD_WRITES_MOST + 5):
        company.sell(1)
    rule.refresh_from_db()
    assert (rule.state, len(company.orders())) == ("loop", loops.RECORD_WRITES_MOST)
    assert "It wrote 20 times about one record within 60 s, and nobody clicked." in rule.state_reason
    assert len(notices()) == 1


def test_many_events_of_many_records_are_no_loop(source: Source) -> None:
    rule = source.rule(firing={"policy": "each_time"})
    for qty in (90, 80):
        source.post(*[source.item(qty, sku=f"S{number}") for number in range(150)])
        source.plan()
    rule.refresh_from_db()
    assert (rule.state, Run.objects.count()) == ("live", 300)
    assert set(Event.objects.values_list("depth", flat=True)) == {0}


def link(rule: int, kind: str = CERTAIN, *, person: bool = False, stops: int = 0) -> dict[str, Any]:
    return {"rule": rule, "link": kind, "by_person": person, "stops": stops}


@pytest.mark.parametrize(
    ("chain", "depth", "is_loop"),
    [
        ([link(1)] * 4, 4, False),
        ([link(1)] * 5, 5, True),
        ([link(1), link(2)] * 5, 10, True),
        ([link(2)] * 30, 30, False),
        ([link(1, INFERRED)] * 19, 19, False),
        ([link(1, INFERRED)] * 20, 20, True),
        ([link(1, INFERRED, person=True)] * 30, 30, False),
        ([link(1, stops=0)] * 9, 9, True),
        ([link(number) for number in range(1, 41)], 40, True),  # forty rules in a ring
        ([link(number) for number in range(2, 42)], 40, False),
    ],
)
def test_what_counts_as_a_loop(chain: list[dict[str, Any]], depth: int, is_loop: bool) -> None:
    assert loop_is(chain, depth, rule_id=1, stops=0) is is_loop


def test_runs_before_the_last_stop_do_not_count() -> None:
    assert loop_is([link(1, stops=0)] * 9, 9, rule_id=1, stops=1) is False
    assert loop_is([link(1, stops=0)] * 9 + [link(1, stops=1)] * 5, 14, rule_id=1, stops=1) is True
