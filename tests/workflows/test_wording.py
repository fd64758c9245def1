"""A rule's sentence as text: read back to the letter, changed where it was changed, asked about, pointed at."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demo.rules import STOCK_RULE
from tests.company import DemoCompany
from workflows.catalog import PACKS
from workflows.definition import SCHEMA
from workflows.models import Rule
from workflows.packs.parts import defaults
from workflows.sentence import rule_sentence
from workflows.services.wording import sentence_read

pytestmark = pytest.mark.database
LANGUAGES = ("en", "zh-hans")


def rule_of(company: DemoCompany) -> Rule:
    return Rule(connection=company.connection)


def read(company: DemoCompany, kept: Any, text: str, language: str = "en") -> list[dict[str, Any]]:
    return sentence_read(rule_of(company), kept, text, language).definitions


def said(company: DemoCompany, definition: Any, language: str = "en") -> str:
    return rule_sentence(rule_of(company), definition).in_language(language)


def with_(definition: dict[str, Any], **params: Any) -> dict[str, Any]:
    changed = copy.deepcopy(definition)
    changed["steps"][0]["params"].update(params)
    return changed


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", list(PACKS))
def test_every_pack_is_read_back_over_another_draft(company: DemoCompany, key: str, language: str) -> None:
    pack = PACKS.get(key)
    draft = pack.draft(defaults(pack.questions))
    other = {**draft, "condition": {"changed": next(iter(pack.fields))}}
    assert read(company, other, said(company, draft, language), language) == [draft]


def test_a_changed_sentence_changes_what_it_says_and_nothing_else(company: DemoCompany) -> None:
    text = said(company, STOCK_RULE)
    (found,) = read(
        company,
        STOCK_RULE,
        text.replace(
            "is less than reorder level becomes true",
            "is below reorder level and warehouse is “EAST”, each time",
        ).replace(", each time,", ", each time"),
    )
    assert found["condition"] == {
        "and": [STOCK_RULE["condition"], {"==": [{"var": "record.warehouse"}, "EAST"]}]
    }
    assert found["firing"] == {**STOCK_RULE["firing"], "policy": "each_time"}
    assert (found["steps"], found["trigger"]) == (STOCK_RULE["steps"], STOCK_RULE["trigger"])
    (found,) = read(
        company,
        STOCK_RULE,
        text.replace("the buyer of the record with", "the person “it”, the owner of the rule with"),
    )
    assert found == with_(STOCK_RULE, recipients=[{"type": "user", "username": "it"}, {"type": "rule_owner"}])
    (found,) = read(company, STOCK_RULE, text.replace("open for 7 days", "open for 2 hours"))
    assert found == with_(STOCK_RULE, expires_seconds=7200)
    (found,) = read(company, STOCK_RULE, text.replace("“Not now”", "“Later”"))
    buttons = copy.deepcopy(STOCK_RULE["steps"][0]["params"]["buttons"])
    buttons[1]["label"]["en"] = "Later"
    assert found == with_(STOCK_RULE, buttons=buttons)
    (found,) = read(company, STOCK_RULE, text + " At most once every hour for the same record.")
    assert found["firing"] == {**STOCK_RULE["firing"], "cooldown_seconds": 3600}


def test_a_rule_can_be_written_from_nothing(company: DemoCompany) -> None:
    text = "当“Demo ERP”中的销售订单记录新建时，每次都通知规则负责人“新订单”。"
    (found,) = read(company, {}, text, "zh")
    assert found == {
        "schema": SCHEMA,
        "trigger": {"type": "record", "object": "sales_order", "changes": ["created"]},
        "firing": {"policy": "each_time"},
        "steps": [
            {
                "action": "send",
                "params": {"recipients": [{"type": "rule_owner"}], "title": {"zh-hans": "新订单"}},
            }
        ],
    }


def test_what_cannot_be_said_is_kept(company: DemoCompany) -> None:
    strange = {"if": [{"<": [{"var": "record.on_hand"}, 1]}, True, False]}
    kept = {**STOCK_RULE, "condition": {"and": [strange, STOCK_RULE["condition"]]}}
    for language in LANGUAGES:
        text = said(company, kept, language)
        assert "[" in text
        (found,) = read(company, kept, text.replace("7 day", "8 day").replace("7 天", "8 天"), language)
        assert found == with_(kept, expires_seconds=8 * 86400)
    problem = sentence_read(
        rule_of(company), kept, said(company, kept).replace("[always", "[maybe"), "en"
    ).problem
    assert problem is not None and "is kept" in problem.message


def test_an_ambiguous_sentence_is_asked_about(company: DemoCompany) -> None:
    text = said(company, STOCK_RULE).replace(
        "less than reorder level becomes", "less than 5 and incoming is 0 or buyer is missing becomes"
    )
    first, second = read(company, STOCK_RULE, text)
    assert (list(first["condition"]), list(second["condition"])) == (["or"], ["and"])
    assert "(on hand is less than 5 and incoming is 0) or buyer is missing" in said(company, first)
    assert "on hand is less than 5 and (incoming is 0 or buyer is missing)" in said(company, second)


@pytest.mark.parametrize(
    ("change", "word", "hint"),
    [
        (("on hand is", "on hnd is"), "on", "on hand"),
        (("ask the buyer", "ask the boss"), "boss", "buyer"),
        (("becomes true", "gets true"), "gets", "becomes true,"),
        (("a purchase order", "a spaceship"), "spaceship", "purchase order"),
        (("created or changed", "created or burnt"), "burnt", "removed"),
    ],
)
def test_an_error_points_at_the_word(
    company: DemoCompany, change: tuple[str, str], word: str, hint: str
) -> None:
    text = said(company, STOCK_RULE).replace(*change)
    found = sentence_read(rule_of(company), STOCK_RULE, text, "en")
    assert found.definitions == []
    assert found.problem is not None
    assert text[found.problem.start : found.problem.end] == word
    assert hint in found.problem.expected


def test_words_about_a_button_that_is_not_there_are_refused(company: DemoCompany) -> None:
    text = said(company, STOCK_RULE).replace("“Create PO”: ", "“Build”: ")
    problem = sentence_read(rule_of(company), STOCK_RULE, text, "en").problem
    assert problem is not None and text[problem.start : problem.end] == "“Build”"


NAMES = st.text("abc XYZ“”\\/,.[]()为的、，。", min_size=1, max_size=8).filter(
    lambda each: each.strip() == each
)
people = st.one_of(
    st.just({"type": "rule_owner"}),
    st.just({"type": "record_person", "field": "salesperson"}),
    st.builds(lambda name: {"type": "user", "username": name}, NAMES),
    st.builds(lambda name: {"type": "role", "group": name}, NAMES),
    st.just({"type": "manager", "field": "salesperson"}),
)
seconds = st.integers(1, 10**7)
condition = st.recursive(
    st.one_of(
        st.builds(lambda n: {">=": [{"var": "record.amount"}, n]}, st.integers(-9, 9)),
        st.builds(lambda name: {"==": [{"var": "record.number"}, name]}, NAMES),
        st.just({"in": [{"var": "record.status"}, ["open", "shipped"]]}),
        st.just({"<": [{"var": "record.due_on"}, {"-": [{"var": "today"}, 3]}]}),
        st.just({"changed": "amount"}),
    ),
    lambda inner: st.one_of(
        st.builds(
            lambda name, parts: {name: parts},
            st.sampled_from(["and", "or"]),
            st.lists(inner, min_size=1, max_size=3),
        ),
        st.builds(lambda part: {"!": part}, inner),
    ),
    max_leaves=4,
)
document = st.just(
    {"action": "create_document", "params": {"object": "purchase_order", "write": "w", "values": {"a": 1}}}
)
send = st.builds(
    lambda who, title, more: {
        "action": "send",
        "params": {"recipients": who, "title": {"en": title, "zh-hans": title}, "body": "b", **more},
    },
    st.lists(people, min_size=1, max_size=3),
    NAMES,
    st.fixed_dictionaries(
        {},
        optional={
            "channels": st.lists(NAMES, min_size=1, max_size=2),
            "priority": st.integers(1, 9),
            "fallback": st.lists(people, min_size=1, max_size=2),
        },
    ),
)
wait = st.one_of(
    st.builds(lambda n: {"action": "wait", "params": {"seconds": n}}, seconds),
    st.builds(
        lambda n: {
            "action": "wait",
            "params": {"seconds": n, "moment": {"var": "record.due_on"}, "time": "09:00"},
        },
        seconds,
    ),
    st.just({"action": "wait", "params": {"time": "23:59"}}),
    st.just({"action": "wait", "params": {"moment": {"+": [{"var": "now"}, 5]}}}),
)


def ask(follows: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    def build(who: Any, labels: Any, thens: Any) -> Any:
        buttons = [
            {"key": f"k{at}", "label": {"en": label, "zh-hans": label}, "then": then}
            for at, (label, then) in enumerate(zip(labels, thens, strict=False))
        ]
        return {
            "action": "ask",
            "params": {"recipients": who, "title": "t", "buttons": buttons, "expires_seconds": 60},
        }

    return st.builds(
        build, st.lists(people, min_size=1, max_size=2), st.lists(NAMES, min_size=2, max_size=2, unique=True),
        st.lists(follows, min_size=2, max_size=2),
    )  # fmt: skip


plain = st.one_of(send, wait, document)
branch = st.builds(
    lambda logic, one, other: {
        "action": "branch",
        "params": {"condition": logic, "then": one, **({"otherwise": other} if other else {})},
    },
    condition,
    st.lists(plain, min_size=1, max_size=2),
    st.lists(plain, max_size=1),
)
firing = st.one_of(
    st.fixed_dictionaries({"policy": st.just("each_time")}, optional={"cooldown_seconds": seconds}),
    st.fixed_dictionaries(
        {"policy": st.just("becomes_true")}, optional={"cooldown_seconds": seconds, "rearm": condition}
    ),
)
rules = st.builds(
    lambda changes, logic, how, steps: {
        "schema": SCHEMA,
        "trigger": {"type": "record", "object": "sales_order", "changes": changes},
        "condition": logic,
        "firing": how,
        "steps": steps,
    },
    st.lists(st.sampled_from(["created", "changed", "gone", "event"]), min_size=1, unique=True),
    st.one_of(st.just(True), condition),
    firing,
    st.tuples(
        st.lists(st.one_of(plain, branch), max_size=2),
        st.lists(ask(st.lists(plain, max_size=2)), min_size=1, max_size=1),
    ).map(lambda found: [*found[0], *found[1]]),
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_the_editor_makes_is_read_back_to_the_letter(company: DemoCompany, language: str) -> None:
    """Over the same rule with other words: nothing of what is said comes from what stood there."""
    rule = rule_of(company)

    @settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(rules)
    def check(definition: dict[str, Any]) -> None:
        other = copy.deepcopy(definition)
        other["trigger"]["changes"] = ["gone", "created", "changed", "event"]
        other["condition"] = {"changed": "quantity"}
        other["firing"] = {"policy": "becomes_true", "cooldown_seconds": 77, "rearm": {"changed": "due_on"}}
        for step in other["steps"]:
            if "recipients" in step["params"]:
                step["params"]["recipients"] = [{"type": "user", "username": "another"}]
                step["params"]["priority"] = 9
        text = rule_sentence(rule, definition).in_language(language)
        (found,) = sentence_read(rule, other, text, language).definitions
        assert json.dumps(found, sort_keys=True) == json.dumps(definition, sort_keys=True)

    check()
