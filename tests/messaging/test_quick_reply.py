"""Texts that mean a button, in both languages and widths; what is not clear means none."""

from __future__ import annotations

from typing import Any

import pytest

from messaging.quick_reply import reply_parse

BUTTONS: list[dict[str, Any]] = [
    {
        "key": "create_po",
        "label": {"en": "Create PO", "zh-hans": "创建采购订单"},
        "replies": ["order {quantity}", "下单 {quantity}", "order", "下单"],
    },
    {
        "key": "not_now",
        "label": {"en": "Not now", "zh-hans": "暂不处理"},
        "replies": ["not now", "later", "暂不", "不用"],
    },
]


@pytest.mark.parametrize(
    ("text", "button", "inputs"),
    [
        ("order 200", "create_po", {"quantity": "200"}),
        ("下单 200", "create_po", {"quantity": "200"}),
        ("下单200", "create_po", {"quantity": "200"}),
        ("下单２００", "create_po", {"quantity": "200"}),
        ("下单　２００．５", "create_po", {"quantity": "200.5"}),
        ("ＯＲＤＥＲ　２００", "create_po", {"quantity": "200"}),
        ("  Order \n 200 ", "create_po", {"quantity": "200"}),
        ("order 1,200", "create_po", {"quantity": "1,200"}),
        ("order", "create_po", {}),
        ("下单", "create_po", {}),
        ("create po", "create_po", {}),
        ("创建采购订单", "create_po", {}),
        ("1", "create_po", {}),
        ("１", "create_po", {}),
        ("2", "not_now", {}),
        ("Not  now", "not_now", {}),
        ("不用", "not_now", {}),
        ("暂不处理", "not_now", {}),
    ],
)
def test_understood(text: str, button: str, inputs: dict[str, str]) -> None:
    understood = reply_parse(text, BUTTONS)
    assert (understood.button, dict(understood.inputs)) == (button, inputs)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "ok",
        "3",
        "0",
        "-1",
        "1 2",
        "①",
        "yes order",
        "reorder 5",
        "200",
        "please 下单 200",
        "not",
        "一",
        "order.200",
        "order, 200",
    ],
)
def test_not_understood(text: str) -> None:
    assert reply_parse(text, BUTTONS).button == ""


def test_a_superscript_is_not_a_digit() -> None:
    assert dict(reply_parse("order 10²", BUTTONS).inputs) == {"quantity": "10²"}


def test_what_two_buttons_could_mean_means_none() -> None:
    buttons = [{"key": "a", "replies": ["ok"]}, {"key": "b", "replies": ["OK"]}]
    assert reply_parse("ok", buttons).button == ""


def test_a_number_that_is_also_a_reply_of_another_button_means_none() -> None:
    buttons: list[dict[str, Any]] = [{"key": "a", "label": "Buy"}, {"key": "b", "replies": ["1"]}]
    assert reply_parse("1", buttons).button == ""


@pytest.mark.parametrize("pattern", ["(a+)+$", "[", "order (", "{quantity"])
def test_a_reply_is_text_not_a_pattern(pattern: str) -> None:
    buttons = [{"key": "a", "replies": [pattern]}]
    assert reply_parse(pattern, buttons).button == "a"
    assert reply_parse("a" * 200, buttons).button == ""


def test_a_long_text_is_read_in_no_time() -> None:
    assert reply_parse("order " + "9 " * 5_000 + "x", BUTTONS).button == "create_po"
    assert reply_parse("x " * 5_000, BUTTONS).button == ""


def test_no_buttons_no_meaning() -> None:
    assert reply_parse("1", []).button == ""
