"""The main job as its people see it: stock falls, the buyer is asked, one click makes the purchase order."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visits
from tests.browser.goods import Goods, Shelf
from tests.browser.pages.administration import RulePages, RunPage
from tests.browser.pages.inbox import LABELS, Inbox, fields_expected
from tests.browser.visit import Visit
from tests.needs import needs
from tests.running import RunningDemo

pytestmark = [needs("chromium"), pytest.mark.xdist_group("browser")]

PEOPLE = {"buyer": "Wei Li", "buyer2": "Fang Wang"}
SENTENCES = {
    "en": "on hand is less than reorder level becomes true, ask the buyer of the record",
    "zh": "“现存量小于再订货点”由不成立变为成立",
}
DECIDED = {"en": r"^(PO-\d+-\d+) created by {} at ", "zh": r"^{} 于 .+ 创建了 (PO-\d+-\d+)"}
# language, width, who is asked, and whether the answer is a quick reply instead of the button.
PLAYS = [("zh", 1440, "buyer", False), ("en", 1440, "buyer2", True), ("zh", 360, "buyer2", True), ("en", 360, "buyer", False)]  # fmt: skip


@pytest.mark.parametrize(("language", "width", "who", "in_words"), PLAYS)
def test_the_story(
    demo: RunningDemo, shelf: Shelf, visits: Visits, language: str, width: int, who: str, in_words: bool
) -> None:
    goods = shelf.take(who)
    analyst = visits("analyst", language, width)
    _read_the_rule(analyst)

    visit = visits(who, language, width)
    first = Inbox(visit).open()
    second = Inbox(visit, visit.page_open()).open()
    pages = (first, second)
    for inbox in pages:
        expect(inbox.card(goods)).to_have_count(0)
        inbox.tab("decided")
    demo.sell(goods.product_code, goods.warehouse, goods.crossing)
    # Nobody has looked at it yet: it is counted on the tab of the browser and on the page.
    for inbox in pages:
        expect(inbox.page).to_have_title(re.compile(r"^\(\d+\) "))
        expect(inbox.page.locator("#unread")).to_be_visible()
        inbox.tab("open")
        expect(inbox.card(goods)).to_have_count(1)
        assert inbox.fields(goods) == fields_expected(goods, language)
    visit.shoot("card-open", first.page)
    stale = Inbox(visit, visit.page_open()).open_deaf(goods)

    quantity = goods.reorder_quantity + 7
    (first.order_in_words if in_words else first.order)(goods, quantity)
    number = _decided(first, goods, PEOPLE[who])
    assert _decided(second, goods, PEOPLE[who]) == number
    visit.shoot("card-decided", first.page)

    visit.expect_error("409")
    _told(stale, goods, number)
    (order,) = demo.purchase_orders(goods.product_code, goods.warehouse)
    assert (order["number"], order["quantity"], order["supplier_code"]) == (
        number,
        quantity,
        goods.supplier_code,
    )

    _read_the_run(analyst, goods, PEOPLE[who], number, quantity)
    analyst.goto("/admin/connectors/event/")
    analyst.shoot("ledger")
    assert demo.purchase_orders(goods.product_code, goods.warehouse) == [order]


def _read_the_rule(analyst: Visit) -> None:
    pages = RulePages(analyst)
    expect(pages.open_list()).to_be_visible()
    analyst.shoot("rules")
    sentence = pages.open_rule()
    assert SENTENCES[analyst.language] in sentence
    analyst.shoot("rule")
    analyst.goto("/admin/")
    analyst.shoot("overview")


def _decided(inbox: Inbox, goods: Goods, person: str) -> str:
    """Waits for the number on this card, with no reload; returns it."""
    inbox.expect_state(goods, "decided")
    state = inbox.card(goods).locator(".state-decided")
    pattern = DECIDED[inbox.visit.language].format(re.escape(person))
    expect(state).to_have_text(re.compile(pattern))
    found = re.search(r"PO-\d+-\d+", state.inner_text())
    assert found is not None
    return found.group()


def _told(stale: Inbox, goods: Goods, number: str) -> None:
    """The page that still shows the buttons: its click decides nothing, and it is told who did what."""
    stale.expect_state(goods, "open")
    stale.order(goods, 3)
    expect(stale.card(goods)).to_contain_text(number)
    stale.expect_state(goods, "decided")
    expect(stale.button(goods, "create")).to_have_count(0)


def _read_the_run(analyst: Visit, goods: Goods, person: str, number: str, quantity: int) -> None:
    run = RunPage(analyst)
    run.open_latest(goods.product_code)
    labels = LABELS[analyst.language]
    assert run.seen_by_condition() == {
        labels["on_hand"]: f"{goods.left:,}",
        labels["reorder_level"]: f"{goods.reorder_level:,}",
    }
    expect(run.hop("asked").locator("tbody th")).to_have_text(person)
    expect(run.hop("answered")).to_have_count(1)
    expect(run.hop("answered")).to_contain_text(person)
    for kind in ("written", "read_back"):
        values = run.chips(run.hop(kind))
        assert values[labels["item"]] == goods.product_code
        assert f"{quantity:,}" in values.values(), values
        assert goods.unit_price in "".join(values.values()), values
    expect(run.hop("read_back")).to_contain_text(number)
    durations = run.durations()
    assert len(durations) == 4 and all(re.search(r"\d", value) for value in durations.values())
    for kind in ("detected", "evaluated", "asked", "written", "read_back"):
        expect(run.hop(kind).locator(".b-gap").first).to_have_text(re.compile(r"^\+\d"))
    analyst.shoot("run")
