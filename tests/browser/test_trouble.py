"""What people see when it does not go smoothly: refused, down, cut off, changed meanwhile, put off."""

from __future__ import annotations

from decimal import Decimal

import pytest
from playwright.sync_api import WebSocketRoute, expect

from tests.browser.conftest import Visits
from tests.browser.goods import Shelf
from tests.browser.pages.administration import RunPage
from tests.browser.pages.demo_erp import DemoErp
from tests.browser.pages.inbox import Inbox
from tests.needs import needs
from tests.running import RunningDemo

pytestmark = [needs("chromium"), pytest.mark.xdist_group("browser")]


def test_not_now_is_recorded_with_its_person(demo: RunningDemo, shelf: Shelf, visits: Visits) -> None:
    goods = shelf.take()
    inbox = Inbox(visits("buyer", "zh", 360)).open()
    shelf.sell(goods)
    inbox.button(goods, "not_now").click()
    inbox.expect_state(goods, "decided")
    expect(inbox.card(goods).locator(".state")).to_contain_text("Wei Li")
    inbox.visit.shoot("not-now")
    run = RunPage(visits("analyst", "zh"))
    run.open_latest(goods.product_code)
    expect(run.hop("answered")).to_contain_text("Wei Li")
    expect(run.hop("answered")).to_contain_text("暂不处理")
    expect(run.hop("written")).to_have_count(0)
    run.visit.shoot("run-not-now")
    assert demo.purchase_orders(goods.product_code, goods.warehouse) == []


def test_the_erps_refusal_is_read_on_the_card_which_stays_open(
    demo: RunningDemo, shelf: Shelf, visits: Visits
) -> None:
    goods = shelf.take()
    inbox = Inbox(visits("buyer", "en", 360)).open()
    erp = DemoErp(visits("it", "en", 360))
    shelf.sell(goods)
    expect(inbox.card(goods)).to_be_visible()
    erp.pull("Refuse the next order")
    inbox.button(goods, "create").click()
    expect(inbox.card(goods)).to_contain_text("The supplier is on credit hold")
    inbox.expect_state(goods, "open")
    inbox.visit.shoot("refused")
    assert demo.purchase_orders(goods.product_code, goods.warehouse) == []

    inbox.button(goods, "create").click()
    inbox.expect_state(goods, "decided")
    (order,) = demo.purchase_orders(goods.product_code, goods.warehouse)
    assert order["quantity"] == goods.reorder_quantity


def test_a_click_while_the_erp_is_down_is_told_and_carried_out_once_when_it_is_back(
    demo: RunningDemo, shelf: Shelf, visits: Visits
) -> None:
    goods = shelf.take("buyer2")
    inbox = Inbox(visits("buyer2", "en", 360)).open()
    erp = DemoErp(visits("it"))
    shelf.sell(goods)
    expect(inbox.card(goods)).to_be_visible()
    erp.pull("Take it down")
    erp.visit.shoot("demo-erp-down")
    try:
        inbox.button(goods, "create").click()
        inbox.expect_state(goods, "working")
        expect(inbox.card(goods).locator(".state")).to_contain_text("does not answer")
        inbox.visit.shoot("erp-down")
    finally:
        erp.pull("Bring it back")
    inbox.expect_state(goods, "decided")
    (order,) = demo.purchase_orders(goods.product_code, goods.warehouse)
    expect(inbox.card(goods).locator(".state")).to_contain_text(order["number"])
    assert order["quantity"] == goods.reorder_quantity


def test_without_the_live_line_a_new_card_still_comes_by_itself(shelf: Shelf, visits: Visits) -> None:
    goods = shelf.take()
    visit = visits("buyer")
    visit.page.route_web_socket("**/ws/live/", _cut)
    visit.page.goto("/inbox/")
    expect(visit.page.locator("#status")).to_have_attribute("data-status", "polling")
    shelf.sell(goods)
    expect(Inbox(visit).card(goods)).to_be_visible()
    expect(visit.page.locator("#status")).to_have_attribute("data-status", "polling")
    visit.shoot("polling")


def _cut(line: WebSocketRoute) -> None:
    line.close()


def test_a_price_that_changed_after_it_was_seen_is_shown_before_anything_is_ordered(
    demo: RunningDemo, shelf: Shelf, visits: Visits
) -> None:
    goods = shelf.take()
    inbox = Inbox(visits("buyer", "en", 360))
    inbox.open()
    shelf.sell(goods)
    expect(inbox.card(goods)).to_be_visible()
    stale = Inbox(inbox.visit, inbox.visit.page_open()).open_deaf(goods)
    inbox.visit.expect_error("409")
    demo.erp_rows("UPDATE products SET unit_price = '99.50' WHERE code = ?", goods.product_code)
    # The page with a live line shows the new price by itself; the other still shows what its person looked at.
    expect(inbox.card(goods)).to_contain_text("CN¥99.50")
    stale.button(goods, "create").click()
    note = stale.card(goods).locator(".note-changed")
    expect(note.locator("tbody tr")).to_have_count(1)
    expect(note.locator("tbody th")).to_have_text("Purchase price")
    expect(note.locator(".before")).to_have_text(f"CN¥{goods.unit_price}")
    expect(note.locator(".after")).to_have_text("CN¥99.50")
    inbox.visit.shoot("changed", stale.page)
    assert demo.purchase_orders(goods.product_code, goods.warehouse) == []

    note.get_by_role("button", name="Look again and confirm").click()
    inbox.expect_state(goods, "decided")
    (order,) = demo.purchase_orders(goods.product_code, goods.warehouse)
    assert (Decimal(order["unit_price"]), order["quantity"]) == (Decimal("99.5"), goods.reorder_quantity)


def test_by_keyboard_alone(demo: RunningDemo, shelf: Shelf, visits: Visits) -> None:
    goods = shelf.take("buyer2")
    inbox = Inbox(visits("buyer2", "en", 1440)).open()
    shelf.sell(goods)
    expect(inbox.card(goods)).to_be_visible()
    page = inbox.page
    for _ in range(60):
        page.keyboard.press("Tab")
        if inbox.button(goods, "create").evaluate("button => button === document.activeElement"):
            break
    expect(inbox.button(goods, "create")).to_be_focused()
    outline = inbox.button(goods, "create").evaluate("button => getComputedStyle(button).outlineStyle")
    assert outline != "none", "what has the focus must be seen"
    inbox.visit.shoot("keyboard")
    page.keyboard.press("Enter")
    inbox.expect_state(goods, "decided")
    (order,) = demo.purchase_orders(goods.product_code, goods.warehouse)
    assert order["quantity"] == goods.reorder_quantity
    expect(page.locator("#announcer")).to_contain_text(order["number"])
