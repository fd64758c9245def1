"""Conditions and rules in words, both languages."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.dictionary.objects import SALES_ORDER, STOCK_LEVEL
from tests.company import DemoCompany
from workflows.conditions.words import condition_words, pointer_resolve
from workflows.models import Rule
from workflows.sentence import rule_sentence

ON_HAND, LEVEL = {"var": "record.on_hand"}, {"var": "record.reorder_level"}


@pytest.mark.parametrize(
    ("logic", "english", "chinese"),
    [
        ({"<": [ON_HAND, LEVEL]}, "on hand is less than reorder level", "现存量小于再订货点"),
        ({"<": [ON_HAND, 5]}, "on hand is less than 5", "现存量小于5"),
        (
            {"<=": [1, ON_HAND, 9]},
            "on hand is from 1 to 9",
            "现存量在1到9之间（含两端）",
        ),
        ({"==": [{"var": "record.warehouse"}, "EAST"]}, "warehouse is “EAST”", "仓库等于“EAST”"),
        ({"!=": [{"var": "record.warehouse"}, None]}, "warehouse is known", "仓库有值"),
        ({"!": [{"<": [ON_HAND, 5]}]}, "not (on hand is less than 5)", "并非（现存量小于5）"),
        (
            {"and": [{"<": [ON_HAND, LEVEL]}, {"or": [{">": [ON_HAND, 0]}, {"changed": ["buyer"]}]}]},
            "on hand is less than reorder level and (on hand is greater than 0 or buyer changed)",
            "现存量小于再订货点，且（现存量大于0，或采购员发生变化）",
        ),
        (
            {"<": [{"-": [ON_HAND, {"*": [{"var": "record.reserved"}, 2]}]}, 5]},
            "on hand − (reserved × 2) is less than 5",
            "现存量 − （已预留 × 2）小于5",
        ),
        (
            {"in": [{"var": "record.warehouse"}, ["A", "B"]]},
            "warehouse is one of “A”, “B”",
            "仓库是“A”、“B”之一",
        ),
        ({"crosses_below": [ON_HAND, LEVEL]}, "on hand falls below reorder level", "现存量降到再订货点以下"),
        ({"missing": ["record.buyer"]}, "buyer is missing", "缺少采购员"),
        (
            {">": [ON_HAND, {"var": "before.on_hand"}]},
            "on hand is greater than on hand before the change",
            "现存量大于变更前的现存量",
        ),
        (True, "always", "始终"),
        ({"strange": [1]}, "strange 1", "strange 1"),
    ],
)
def test_a_condition_reads_as_words(logic: Any, english: str, chinese: str) -> None:
    words = condition_words(logic, STOCK_LEVEL)
    assert (words.en, words.zh) == (english, chinese)


def test_a_code_is_named_not_quoted_raw() -> None:
    words = condition_words({"==": [{"var": "record.status"}, "open"]}, SALES_ORDER)
    assert (words.en, words.zh) == ("status is “Open”", "状态等于“未完成”")


@pytest.mark.parametrize(
    "logic", [{}, [], {"<": []}, {"<": [1]}, {"if": []}, {"in": [1]}, {"a": 1, "b": 2}, None]
)
def test_what_makes_no_sense_is_still_some_words(logic: Any) -> None:
    assert isinstance(condition_words(logic, STOCK_LEVEL).en, str)


def test_a_pointer_finds_its_part() -> None:
    logic = {"and": [{"!": {"<": [ON_HAND, 5]}}, True]}
    assert pointer_resolve(logic, "") == logic
    assert pointer_resolve(logic, "/and/0/!/0/</1") == 5
    assert pointer_resolve(logic, "/and/7") is None


def test_the_rule_of_the_demo_reads_as_one_sentence(company: DemoCompany) -> None:
    sentence = rule_sentence(Rule.objects.get())
    assert sentence.en == (
        "When a stock level record in Demo ERP is created or changed and on hand is less than reorder level becomes "
        "true, ask the buyer of the record with “Create PO” / “Not now”, through “inbox”, open for 7 days; if "
        "nobody can be reached, the owner of the rule. “Create PO”: create a purchase order."
    )
    assert (
        "中的库存记录新建或变更，且“现存量小于再订货点”由不成立变为成立时，询问该记录的采购员" in sentence.zh
    )
    assert sentence.zh.endswith(
        "“创建采购订单” / “暂不处理”，通过“inbox”，7 天内可回答；无人可达时改为规则负责人。“创建采购订单”：创建采购订单。"
    )


def test_how_often_it_fires_is_said(company: DemoCompany) -> None:
    rule = Rule.objects.get()
    often = {**rule.draft, "firing": {"policy": "each_time", "cooldown_seconds": 7200}}
    assert " each time ask " in rule_sentence(rule, often).en
    assert rule_sentence(rule, often).en.count("At most once every 2 hours for the same record.") == 1
    again = {**rule.draft, "firing": {"policy": "becomes_true", "rearm": {">": [ON_HAND, 50]}}}
    assert "It can fire again once on hand is greater than 50." in rule_sentence(rule, again).en


@pytest.mark.parametrize(
    "draft", [{}, {"schema": 1}, {"schema": 99}, {"schema": 1, "trigger": {"type": "x", "object": "y"}}]
)
def test_an_unfinished_rule_says_so(company: DemoCompany, draft: Any) -> None:
    assert rule_sentence(Rule.objects.get(), draft).en == "This rule is not complete yet."
