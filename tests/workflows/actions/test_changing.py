"""Fields are changed in the ERP once, only where they still are what was shown, and only by whom may decide it."""

from __future__ import annotations

import copy
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from connectors.erp.sql.connector import SqlConnector
from connectors.selectors import dictionary_object
from demo.company import SHOWCASE
from demo.rules import STOCK_RULE
from kernel import clock
from kernel.errors import OutcomeUnknown, Transient
from messaging.models import Interaction
from permissions.models import Grant
from permissions.services.roles import ANALYST
from tests.company import DemoCompany
from workflows.actions.change_state import ACTION as CHANGE_STATE
from workflows.actions.update_fields import ACTION as UPDATE_FIELDS
from workflows.blocks import RuleScope
from workflows.conditions import ConditionSchema
from workflows.models import Rule, RuleState, Run, Step
from workflows.selectors import run_trace
from workflows.sentence import rule_sentence
from workflows.services.checking import rule_check
from workflows.services.checks_history import rule_review
from workflows.services.drafts import rule_create, rule_edit
from workflows.services.rules import rule_publish, rule_switch_off

pytestmark = pytest.mark.database
ITEM, WAREHOUSE = SHOWCASE[0], SHOWCASE[1]
NEW_LEVEL = {"action": "update_fields", "params": {"values": {"reorder_level": {"input": "level"}}}}


def behind_button(*then: Any, **params: Any) -> dict[str, Any]:
    """The stock rule; its one button asks for a new reorder level."""
    rule = copy.deepcopy(STOCK_RULE)
    ask = rule["steps"][0]["params"]
    del ask["material"], ask["precondition"]
    inputs = [
        {"name": "level", "label": "Level", "type": "integer", "value": {"var": "record.reorder_level"}}
    ]
    ask["buttons"] = [{"key": "change", "label": "Change it", "inputs": inputs, "then": list(then)}]
    rule["steps"][0]["params"] = {**ask, **params}
    return rule


def alone(*steps: Any) -> dict[str, Any]:
    return {**copy.deepcopy(STOCK_RULE), "steps": list(steps)}


def publish(company: DemoCompany, draft: dict[str, Any]) -> Rule:
    rule, analyst = Rule.objects.get(), company.user("analyst")
    rule_edit(analyst, rule, name=None, draft=draft)
    rule_publish(analyst, rule)
    return rule


def level(company: DemoCompany) -> int:
    (found,) = rows(company, "SELECT reorder_level FROM stock WHERE product_code = ? AND warehouse = ?")
    return int(found[0])


def rows(company: DemoCompany, statement: str) -> list[Any]:
    with sqlite3.connect(company.path) as connection:
        found = connection.execute(statement, (ITEM, WAREHOUSE)).fetchall()
    connection.close()
    return found


def notes(company: DemoCompany) -> int:
    with sqlite3.connect(company.path) as connection:
        (count,) = connection.execute("SELECT count(*) FROM baton_updates").fetchone()
    connection.close()
    return int(count)


def asked(company: DemoCompany, draft: dict[str, Any] | None = None) -> int:
    """The question is open; gives the reorder level it shows."""
    publish(company, draft or behind_button(NEW_LEVEL))
    company.sell()
    return level(company)


def test_a_field_is_changed_once_and_read_back(company: DemoCompany) -> None:
    shown = asked(company)
    assert company.answer("change", {"level": str(shown + 5)}).taken
    company.work()
    company.work()
    step = Step.objects.latest("pk")
    wanted = str(shown + 5)
    assert (level(company), notes(company), step.state) == (shown + 5, 1, "done")
    assert step.output["written"] == {"reorder_level": wanted}
    assert (step.output["read_back"], step.output["mismatch"]) == ({"reorder_level": wanted}, {})
    card = company.interaction()
    assert (card.state, card.state_text["en"]) == ("decided", "Changed in the ERP at {at}")


def test_what_changed_since_it_was_shown_is_not_overwritten(company: DemoCompany) -> None:
    shown = asked(company)
    assert company.answer("change", {"level": str(shown + 5)}).taken
    company.sql("UPDATE stock SET reorder_level = reorder_level + 1 WHERE product_code = ? AND warehouse = ?",
                ITEM, WAREHOUSE)  # fmt: skip
    company.work()
    step = Step.objects.filter(action="update_fields").latest("pk")
    assert (level(company), notes(company), step.state) == (shown + 1, 0, "refused")
    assert f"Reorder level {shown} → {shown + 1}" in step.reason
    assert company.interaction().state == "open"


def test_what_is_changed_between_the_look_and_the_write_is_left_alone(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = asked(company)
    assert company.answer("change", {"level": str(shown + 5)}).taken
    update = SqlConnector.update

    def overtaken(self: Any, *args: Any, **options: Any) -> Any:
        company.sql("UPDATE stock SET reorder_level = reorder_level + 1")
        return update(self, *args, **options)

    monkeypatch.setattr(SqlConnector, "update", overtaken)
    company.work()
    step = Step.objects.filter(action="update_fields").latest("pk")
    assert (level(company), notes(company), step.state) == (shown + 1, 0, "refused")
    assert "at that moment" in step.reason


@pytest.mark.parametrize("arrives", [True, False], ids=["it had arrived", "it had not"])
def test_a_change_without_an_answer_is_looked_up_and_not_repeated(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch, arrives: bool
) -> None:
    shown = asked(company)
    assert company.answer("change", {"level": str(shown + 5)}).taken
    update, calls = SqlConnector.update, [0]

    def unanswered(self: Any, *args: Any, **options: Any) -> Any:
        calls[0] += 1
        if calls[0] > 1:
            return update(self, *args, **options)
        if arrives:
            update(self, *args, **options)
        raise OutcomeUnknown("no answer")

    monkeypatch.setattr(SqlConnector, "update", unanswered)
    company.work()
    assert Step.objects.latest("pk").state == "ready"
    clock.shift(60)
    company.work()
    step = Step.objects.latest("pk")
    assert (level(company), notes(company), step.state) == (shown + 5, 1, "done")
    assert calls[0] == (1 if arrives else 2)


def test_what_is_so_already_is_not_written(company: DemoCompany) -> None:
    shown = asked(company)
    assert company.answer("change", {"level": str(shown)}).taken
    company.work()
    step = Step.objects.latest("pk")
    assert (notes(company), step.state, step.output["written"], step.sent_at) == (0, "done", {}, None)


def test_an_erp_that_is_down_is_written_to_when_it_is_back(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = asked(company)
    assert company.answer("change", {"level": str(shown + 5)}).taken

    def down(*_args: Any, **_options: Any) -> Any:
        raise Transient("down")

    with monkeypatch.context() as patch:
        patch.setattr(SqlConnector, "update", down)
        company.work()
    assert (level(company), Step.objects.latest("pk").state) == (shown, "ready")
    clock.shift(120)
    company.work()
    assert (level(company), notes(company)) == (shown + 5, 1)


@pytest.mark.parametrize("written", [True, False])
def test_a_stop_while_it_waits_says_whether_anything_was_written(company: DemoCompany, written: bool) -> None:
    wait = {"action": "wait", "params": {"seconds": 3600}}
    shown = asked(company, behind_button(NEW_LEVEL, wait) if written else behind_button(wait, NEW_LEVEL))
    assert company.answer("change", {"level": str(shown + 5)}).taken
    company.work()
    rule_switch_off(company.user("analyst"), Rule.objects.get())
    card = company.interaction()
    assert (card.state, level(company)) == ("cancelled", shown + 5 if written else shown)
    assert ("Nothing was written" in card.state_text["en"]) is not written


def fixed(value: int) -> dict[str, Any]:
    return {"action": "update_fields", "params": {"values": {"reorder_quantity": value}}}


def owner_may_answer() -> None:
    Grant.objects.filter(group__name=ANALYST).update(verbs=["see", "answer"])


def test_without_anybodys_answer_it_is_the_owners_own_doing(company: DemoCompany) -> None:
    draft, analyst = alone(fixed(77)), company.user("analyst")
    assert [each.code for each in rule_check(company.connection, draft, analyst)] == ["owner_acts"]
    owner_may_answer()
    publish(company, draft)
    company.sell()
    assert rows(company, "SELECT reorder_quantity FROM stock WHERE product_code = ? AND warehouse = ?") == [
        (77,)
    ]
    run = Run.objects.get()
    assert (run.state, Interaction.objects.count()) == ("done", 0)
    titles = [each.title for each in run_trace(run, analyst).hops]
    assert "Written into the ERP" in titles


def test_an_owner_who_may_no_longer_changes_nothing(company: DemoCompany) -> None:
    owner_may_answer()
    publish(company, alone(fixed(77)))
    Grant.objects.filter(group__name=ANALYST).update(verbs=["see"])
    company.sell()
    step = Step.objects.get()
    assert (step.state, step.sent_at, notes(company)) == ("dead", None, 0)


def test_the_change_it_makes_is_known_as_its_own(company: DemoCompany) -> None:
    owner_may_answer()
    publish(company, alone(fixed(77)))
    company.sell()
    company.work()
    run = Run.objects.get()
    newest = run.event.connection.events.latest("pk")
    assert newest.changed == ["reorder_quantity"]
    assert (newest.cause_run_id, newest.depth) == (run.pk, 1)


def problems(company: DemoCompany, *steps: Any) -> list[tuple[str, str]]:
    owner_may_answer()
    found = rule_check(company.connection, alone(*steps), company.user("analyst"))
    return [(each.pointer, each.code) for each in found]


def test_what_speaks_against_it(company: DemoCompany) -> None:
    def of(values: Any) -> list[tuple[str, str]]:
        return problems(company, {"action": "update_fields", "params": {"values": values}})

    place = "/steps/0/params/values"
    assert of({"reorder_level": 5}) == []
    assert of({}) == [(place, "missing")]
    assert of({"on_hand": 5}) == [(f"{place}/on_hand", "not_writable")]
    assert of({"nonsense": 5}) == [(f"{place}/nonsense", "not_writable")]
    assert of({"reorder_level": ""}) == [(f"{place}/reorder_level", "required")]
    assert of({"reorder_level": {"var": "record.nonsense"}}) == [
        (f"{place}/reorder_level/var", "field_unknown")
    ]


def test_a_connection_that_names_nothing_offers_it_with_the_reason(company: DemoCompany) -> None:
    connection = company.connection
    connection.settings = {**connection.settings, "write_set": ""}
    connection.save()
    codes = [code for _place, code in problems(company, fixed(5))]
    assert codes == ["not_writable"]
    about = RuleScope(
        dictionary_object(connection.pk, "stock_level"),
        ConditionSchema({}),
        connection.manifest,
        frozenset(),
        {},
        frozenset(),
    )
    for action in (UPDATE_FIELDS, CHANGE_STATE):
        reason = action.unavailable(about)
        assert reason is not None
        assert (
            reason.en
            == "An administrator has to say in the connection which fields of Stock level may be changed."
        )


def test_a_change_that_starts_the_rule_again_is_warned_of(company: DemoCompany) -> None:
    owner_may_answer()
    rule, analyst = Rule.objects.get(), company.user("analyst")

    def codes(draft: dict[str, Any]) -> list[tuple[str, str]]:
        return [
            (each.pointer, each.code) for each in rule_review(analyst, rule, draft) if each.code == "loop"
        ]

    raised = {"action": "update_fields", "params": {"values": {"reorder_level": 1000}}}
    assert codes(alone(raised)) == [("/steps/0", "loop")]
    assert codes(alone(fixed(77))) == []  # the rule does not decide by what it changes
    each_time = {**alone(fixed(77)), "firing": {"policy": "each_time"}}
    assert codes(each_time) == [("/steps/0", "loop")]


def test_two_rules_that_set_the_same_field_otherwise_are_warned_of(company: DemoCompany) -> None:
    owner_may_answer()
    publish(company, alone(fixed(77)))
    company.sell()
    analyst = company.user("analyst")
    other = rule_create(
        analyst, key="other", name={"en": "Other"}, connection=company.connection, draft=alone(fixed(78))
    )

    def found(draft: dict[str, Any]) -> list[tuple[str, str]]:
        return [
            (each.pointer, each.message)
            for each in rule_review(analyst, other, draft)
            if each.code == "opposite"
        ]

    (problem,) = found(alone(fixed(78)))
    assert problem[0] == "/steps/0"
    assert "sets “Reorder quantity” of the same records to another value" in problem[1]
    assert found(alone(fixed(77))) == []
    never = {
        **alone(fixed(78)),
        "condition": {">": [{"var": "record.on_hand"}, {"var": "record.reorder_level"}]},
    }
    assert found(never) == []


ORDER = {"schema": 1, "trigger": {"type": "record", "object": "sales_order", "changes": ["created", "changed"]},
         "condition": True, "firing": {"policy": "becomes_true"}}  # fmt: skip


def cancel(**params: Any) -> dict[str, Any]:
    return {"action": "change_state", "params": {"field": "status", "to": "cancelled", **params}}


def order_rule(company: DemoCompany, step: dict[str, Any]) -> Rule:
    owner_may_answer()
    Rule.objects.update(state=RuleState.OFF)
    analyst = company.user("analyst")
    draft = {**ORDER, "steps": [step]}
    rule = rule_create(
        analyst, key="orders", name={"en": "Orders"}, connection=company.connection, draft=draft
    )
    rule_publish(analyst, rule)
    return rule


@pytest.fixture
def order(company: DemoCompany) -> Callable[[], str]:
    """The state of the newest sales order in the ERP."""

    def state() -> str:
        (found,) = rows(company, "SELECT status FROM sales_orders WHERE product_code = ? AND warehouse = ? "
                                 "ORDER BY ordered_at DESC, number DESC LIMIT 1")  # fmt: skip
        return str(found[0])

    return state


def test_a_state_changes_from_where_it_may(company: DemoCompany, order: Callable[[], str]) -> None:
    order_rule(company, cancel(**{"from": ["open", "shipped"]}))
    company.sell()
    step = Step.objects.get()
    assert (order(), step.state, step.output["written"]) == ("cancelled", "done", {"status": "cancelled"})


def test_from_another_state_nothing_is_changed(company: DemoCompany, order: Callable[[], str]) -> None:
    order_rule(company, cancel(**{"from": ["open"]}))
    company.sell()
    step = Step.objects.get()
    assert (order(), step.state, notes(company)) == ("shipped", "refused", 0)
    assert "It is “Shipped” now" in step.reason


def test_what_speaks_against_a_state(company: DemoCompany) -> None:
    owner_may_answer()

    def of(**params: Any) -> list[tuple[str, str]]:
        draft = {**ORDER, "steps": [cancel(**params)]}
        found = rule_check(company.connection, draft, company.user("analyst"))
        return [(each.pointer, each.code) for each in found]

    place = "/steps/0/params"
    assert of() == []
    assert of(to="nonsense") == [(f"{place}/to", "unknown_state")]
    assert of(**{"from": ["nonsense"]}) == [(f"{place}/from/0", "unknown_state")]
    assert of(**{"from": ["cancelled"]}) == [(f"{place}/from", "same_state")]
    assert of(field="number") == [(f"{place}/field", "no_state")]


def test_they_say_themselves_in_words(company: DemoCompany) -> None:
    rule = Rule.objects.get()
    sentence = rule_sentence(rule, behind_button(NEW_LEVEL, fixed(5)))
    assert (
        "“Change it”: [set reorder level to the entered level], then [set reorder quantity to 5]."
        in sentence.en
    )
    sentence = rule_sentence(rule, {**ORDER, "steps": [cancel(**{"from": ["open", "draft"]})]})
    assert "change status from “Open” / “Draft” to “Cancelled”" in sentence.en
    assert "将状态由“未完成” / “草稿”改为“已取消”" in sentence.zh
