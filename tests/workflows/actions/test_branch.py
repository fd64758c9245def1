"""A branch goes one way, by the one evaluator, and the rule goes on behind it; what cannot be decided goes the other way."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from demo.rules import STOCK_RULE
from messaging.models import Interaction
from messaging.services.answers import answer_submit
from tests.company import DemoCompany
from tests.workflows.engine.source import Source, asking, telling
from workflows.models import Rule, Run, Step
from workflows.nesting import MOST_DEEP, path_following
from workflows.selectors import run_trace
from workflows.sentence import rule_sentence
from workflows.services.checking import rule_check

pytestmark = pytest.mark.database
EMPTY = {"<=": [{"var": "record.on_hand"}, 0]}


def branch(condition: Any, then: list[Any], otherwise: list[Any] | None = None) -> dict[str, Any]:
    return {
        "action": "branch",
        "params": {"condition": condition, "then": then, "otherwise": otherwise or []},
    }


def told() -> list[str]:
    return [each.card["title"] for each in Interaction.objects.order_by("pk")]


def paths() -> list[tuple[str, str]]:
    return list(Step.objects.order_by("pk").values_list("path", "state"))


@pytest.mark.parametrize(("quantity", "way"), [(0, "none left"), (90, "some left")])
def test_it_goes_one_way_and_then_on(source: Source, quantity: int, way: str) -> None:
    source.rule(steps=[branch(EMPTY, [telling("none left")], [telling("some left")]), telling("after")])
    source.tell(120, quantity)
    source.work()
    source.work()
    assert told() == [way, "after"]
    assert Run.objects.get().state == "done"
    assert [state for _path, state in paths()] == ["done", "done", "done"]


def test_an_empty_way_leads_on(source: Source) -> None:
    source.rule(steps=[branch(EMPTY, [telling("none left")]), telling("after")])
    source.tell(120, 90)
    source.work()
    assert (told(), paths()) == (["after"], [("/steps/0", "done"), ("/steps/1", "done")])
    assert Step.objects.order_by("pk")[0].output == {"way": "otherwise"}


def test_what_cannot_be_decided_goes_the_other_way(source: Source) -> None:
    unknown = {"<": [{"var": "record.projected"}, 1]}
    source.rule(steps=[branch(unknown, [telling("then")], [telling("otherwise")])])
    source.tell(120, 90)
    source.work()
    assert told() == ["otherwise"]


def test_branches_inside_branches_come_back_out(source: Source) -> None:
    inner = branch(EMPTY, [telling("never")], [telling("inner")])
    source.rule(steps=[branch(True, [inner, telling("beside")]), telling("after")])
    source.tell(120, 90)
    source.work()
    assert told() == ["inner", "beside", "after"]
    assert [path for path, _state in paths()] == [
        "/steps/0",
        "/steps/0/then/0",
        "/steps/0/then/0/otherwise/0",
        "/steps/0/then/1",
        "/steps/1",
    ]


def answered(source: Source, button: str, inputs: dict[str, Any]) -> None:
    found = Interaction.objects.get()
    done = answer_submit(found.pk, source.person, button, inputs, version=found.version, channel="im.inbox")
    assert done.taken, done
    source.work()


@pytest.mark.parametrize(("quantity", "expected"), [("5000", "then"), ("4999.999999", "otherwise")])
def test_what_was_entered_decides(source: Source, quantity: str, expected: str) -> None:
    large = {">=": [{"var": "answer.quantity"}, 5000]}
    then = [branch(large, [{"action": "wait", "params": {"seconds": 60}}])]
    inputs = [{"name": "quantity", "type": "decimal", "value": 1}]
    source.rule(steps=[asking(buttons=[{"key": "ok", "label": "OK", "inputs": inputs, "then": then}])])
    source.tell(120, 90)
    answered(source, "ok", {"quantity": quantity})
    way = Step.objects.get(path="/steps/0/buttons/ok/then/0")
    assert way.output == {"way": expected}
    state = "working" if expected == "then" else "decided"
    assert (Interaction.objects.get().state, Step.objects.count()) == (state, 3 if expected == "then" else 2)


def test_a_question_may_stand_in_a_branch(source: Source) -> None:
    source.rule(steps=[branch(True, [asking()])])
    source.tell(120, 90)
    source.work()
    assert (Interaction.objects.get().state, Run.objects.get().state) == ("open", "waiting")
    answered(source, "ok", {})
    assert (Interaction.objects.get().state, Run.objects.get().state) == ("decided", "done")


def test_the_story_says_which_way(source: Source) -> None:
    source.rule(steps=[branch(EMPTY, [telling("none left")])])
    source.tell(120, 90)
    source.work()
    run = Run.objects.select_related("rule", "version", "event", "record").get()
    (hop,) = [each for each in run_trace(run, source.person).hops if each.kind == "acted"]
    assert (hop.title, hop.mood, hop.text) == ("Branch", "good", "The condition was not true.")


def _draft(*steps: Any) -> dict[str, Any]:
    return {**copy.deepcopy(STOCK_RULE), "steps": list(steps)}


def _problems(company: DemoCompany, *steps: Any) -> list[tuple[str, str]]:
    found = rule_check(company.connection, _draft(*steps), company.user("analyst"))
    return [(each.pointer, each.code) for each in found]


def test_what_speaks_against_it(company: DemoCompany) -> None:
    tell = {"action": "send", "params": {"recipients": [{"type": "rule_owner"}], "title": "x"}}
    assert _problems(company, branch(EMPTY, [tell])) == []
    assert _problems(company, branch(None, [tell])) == [("/steps/0/params/condition", "missing")]
    assert _problems(company, branch(EMPTY, [])) == [("/steps/0/params/then", "missing")]
    nonsense = branch({"<": [{"var": "record.nonsense"}, 1]}, [tell])
    assert _problems(company, nonsense) == [("/steps/0/params/condition/</0/var", "field_unknown")]
    assert _problems(company, branch(EMPTY, [{"action": "nothing"}])) == [
        ("/steps/0/params/then/0/action", "unknown")
    ]
    assert _problems(company, branch(EMPTY, "x")) == [("/steps/0/params/then", "type")]  # type: ignore[arg-type]
    assert _problems(company, branch({"<": [{"var": "answer.quantity"}, 1]}, [tell])) == [
        ("/steps/0/params/condition/</0/var", "field_unknown")
    ]
    untitled = {
        "action": "send",
        "params": {"recipients": [{"type": "user", "username": "nobody"}], "title": "x"},
    }
    assert _problems(company, branch(EMPTY, [untitled])) == [
        ("/steps/0/params/then/0/params/recipients/0", "dead_recipient")
    ]


def test_what_follows_a_button_is_checked_with_its_inputs(company: DemoCompany) -> None:
    rule = copy.deepcopy(STOCK_RULE)
    ask = rule["steps"][0]
    order = ask["params"]["buttons"][0]["then"]
    ask["params"]["buttons"][0]["then"] = [branch({">": [{"var": "answer.quantity"}, 5000]}, [], order)]
    assert _problems(company, ask) == []
    ask["params"]["buttons"][0]["then"] = [branch({">": [{"var": "answer.amount"}, 5000]}, [], order)]
    assert [code for _pointer, code in _problems(company, ask)] == ["field_unknown"]
    ask["params"]["buttons"][0]["then"] = [branch(True, [copy.deepcopy(STOCK_RULE["steps"][0])])]
    assert ("/steps/0/params/buttons/0/then/0/params/then/0", "place") in _problems(company, ask)


def test_it_does_not_go_deeper_than_can_be_read(company: DemoCompany) -> None:
    step: dict[str, Any] = {"action": "wait", "params": {"seconds": 60}}
    for _level in range(MOST_DEEP):
        step = branch(EMPTY, [step])
    assert _problems(company, step) == []
    assert [code for _pointer, code in _problems(company, branch(EMPTY, [step]))] == ["too_deep"]


def test_it_says_itself_in_words(company: DemoCompany) -> None:
    wait = {"action": "wait", "params": {"seconds": 7200}}
    sentence = rule_sentence(Rule.objects.get(), _draft(branch(EMPTY, [wait, wait], [wait])))
    assert "if on hand is at most 0 (wait 2 hours, then wait 2 hours; otherwise wait 2 hours)." in sentence.en
    assert "如果现存量不大于0（等待 2 小时，然后等待 2 小时；否则等待 2 小时）。" in sentence.zh


def test_where_a_path_goes_on() -> None:
    raw = {"steps": [branch(True, [branch(True, [1, 2])]), asking(buttons=[{"key": "ok", "then": [1]}])]}
    assert path_following(raw, "/steps/0/then/0/then/0") == "/steps/0/then/0/then/1"
    assert path_following(raw, "/steps/0/then/0/then/1") == "/steps/1"
    assert path_following(raw, "/steps/1/buttons/ok/then/0") is None
