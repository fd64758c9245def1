"""Starter packs: an ordinary draft that can be published and fires; what is missing says so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.company import DemoCompany
from workflows.catalog import PACKS
from workflows.models import Rule, Run
from workflows.packs.parts import defaults
from workflows.selectors.packs import pack_draft
from workflows.services.checking import errors_of, rule_check
from workflows.services.drafts import rule_create
from workflows.services.rules import rule_publish

pytestmark = pytest.mark.database
ME = {"recipients": [{"type": "rule_owner"}]}


def published(company: DemoCompany, key: str, **answers: Any) -> Rule:
    analyst = company.user("analyst")
    name, draft = pack_draft(key, answers)
    rule = rule_create(analyst, connection=company.connection, draft=draft, name=name)
    rule_publish(analyst, rule)
    company.work()
    return rule


def fired(rule: Rule) -> list[str]:
    return list(Run.objects.filter(rule=rule).order_by("id").values_list("event__key", flat=True))


@pytest.mark.parametrize("key", list(PACKS))
def test_the_first_answers_of_every_pack_can_be_published(company: DemoCompany, key: str) -> None:
    pack = PACKS.get(key)
    draft = pack.draft(defaults(pack.questions))
    analyst = company.user("analyst")
    assert errors_of(rule_check(company.connection, draft, analyst)) == []
    assert draft["trigger"]["object"] == pack.object
    mine = pack.draft({**defaults(pack.questions), **ME})
    assert mine["steps"][0]["params"]["recipients"] == ME["recipients"]
    assert errors_of(rule_check(company.connection, mine, analyst)) == []


def test_a_new_order_is_told_once(company: DemoCompany) -> None:
    rule = published(company, "order_notice", **ME)
    company.sell()
    company.work()
    (number,) = (row["number"] for row in company.rows("SELECT max(number) AS number FROM sales_orders"))
    assert fired(rule) == [number]
    (card,) = company.cards("analyst")
    assert number in card.message.title


def test_an_order_is_large_from_the_amount_given(company: DemoCompany) -> None:
    order = "UPDATE sales_orders SET amount = ?, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE number = ?"
    rule = published(company, "large_order", amount=999000, **ME)
    first, second = (each["number"] for each in company.rows("SELECT number FROM sales_orders LIMIT 2"))
    company.sql(order, "998999.99", first)
    company.work()
    assert fired(rule) == []
    company.sql(order, "999000.00", second)
    company.work()
    assert fired(rule) == [second]


def test_a_price_is_told_from_the_share_given(company: DemoCompany) -> None:
    change = "UPDATE products SET unit_price = ? WHERE code = ?"
    company.sql(change, "10.00", "BLT-M6-20")
    company.work()
    rule = published(company, "price_change", percent=5, **ME)
    for price, expected in (("10.49", 0), ("11.02", 1), ("10.47", 1), ("9.94", 2)):
        company.sql(change, price, "BLT-M6-20")
        company.work()
        assert len(fired(rule)) == expected, price


@pytest.mark.parametrize(
    ("key", "table"), [("delivery_late", "sales_orders"), ("overdue_receivable", "receivables")]
)
def test_what_is_late_is_told(company: DemoCompany, key: str, table: str) -> None:
    rule = published(company, key, **ME)
    (row,) = company.rows(
        f"SELECT number FROM {table} WHERE status IN ('confirmed', 'partial', 'open') LIMIT 1"
    )
    touched = (
        ", updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
        if table == "sales_orders"
        else ", paid = '0.01'"
    )
    assert row["number"] not in fired(rule)
    company.sql(
        f"UPDATE {table} SET due_date = '2001-01-01', amount = '5000.00'{touched} WHERE number = ?",
        row["number"],
    )
    company.work()
    assert fired(rule)[-1] == row["number"]


def test_the_stock_alert_asks_or_only_tells() -> None:
    steps = {order: pack_draft("stock_alert", {"order": order})[1]["steps"][0] for order in (True, False)}
    assert (steps[True]["action"], steps[False]["action"]) == ("ask", "send")
    assert [each["key"] for each in steps[True]["params"]["buttons"]] == ["create_po", "not_now"]
