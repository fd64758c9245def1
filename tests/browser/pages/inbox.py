"""The inbox as its people use it."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.goods import Goods
from tests.browser.visit import Visit, definition_list

LABELS = {
    "en": {
        "item": "Item", "warehouse": "Warehouse", "on_hand": "On hand", "reorder_level": "Reorder level",
        "incoming": "Incoming", "supplier": "Supplier", "unit_price": "Purchase price", "suggested": "Suggested quantity",
    },
    "zh": {
        "item": "物料编码", "warehouse": "仓库", "on_hand": "现存量", "reorder_level": "再订货点",
        "incoming": "在途", "supplier": "供应商编码", "unit_price": "采购单价", "suggested": "建议数量",
    },
}  # fmt: skip
WORDS = {
    "en": {
        "create": "Create PO",
        "not_now": "Not now",
        "quantity": "Quantity",
        "send": "Send",
        "order": "order {}",
    },
    "zh": {
        "create": "创建采购订单",
        "not_now": "暂不处理",
        "quantity": "数量",
        "send": "发送",
        "order": "下单 {}",
    },
}
CURRENCY = {"en": "CN¥", "zh": "¥"}


class Inbox:
    def __init__(self, visit: Visit, page: Page | None = None) -> None:
        self.visit = visit
        self.page = page or visit.page
        self.words = WORDS[visit.language]

    def open(self) -> Inbox:
        """Loaded, with the live line up."""
        self.page.goto("/inbox/")
        expect(self.page.locator("#cards")).to_have_attribute("aria-busy", "false")
        expect(self.page.locator("#status")).to_have_attribute("data-status", "live")
        self.visit.look(self.page)
        return self

    def open_deaf(self, goods: Goods) -> Inbox:
        """Shows the card of `goods` and hears of nothing from then on; clicks still go out."""
        self.page.route_web_socket("**/ws/live/", lambda silent: None)
        self.open()
        expect(self.card(goods)).to_be_visible()
        self.page.route("**/api/v1/inbox/", lambda route: route.fulfill(status=304))
        return self

    def tab(self, name: str) -> None:
        """open or decided."""
        self.page.locator(f"#tab-{name}").click()
        expect(self.page.locator(f"#tab-{name}")).to_have_attribute("aria-selected", "true")

    def card(self, goods: Goods) -> Locator:
        item = self.page.locator("dd", has_text=re.compile(rf"^{re.escape(goods.product_code)} "))
        return self.page.locator("article.card").filter(has=item)

    def button(self, goods: Goods, key: str) -> Locator:
        return self.card(goods).get_by_role("button", name=self.words[key], exact=True)

    def quantity(self, goods: Goods) -> Locator:
        return self.card(goods).get_by_label(self.words["quantity"], exact=True)

    def order(self, goods: Goods, quantity: int) -> None:
        """By the button, with an edited quantity."""
        self.quantity(goods).fill(str(quantity))
        self.button(goods, "create").click()

    def order_in_words(self, goods: Goods, quantity: int) -> None:
        """By the quick reply."""
        self.card(goods).locator("[data-key=reply]").fill(self.words["order"].format(quantity))
        self.button(goods, "send").click()

    def fields(self, goods: Goods) -> dict[str, str]:
        return definition_list(self.card(goods))

    def expect_state(self, goods: Goods, state: str) -> None:
        expect(self.card(goods)).to_have_attribute("data-state", state)


def fields_expected(goods: Goods, language: str) -> dict[str, str]:
    """What the card of `goods` shows once its stock fell one below the level."""
    values = {
        "item": f"{goods.product_code} {goods.product_name}",
        "warehouse": f"{goods.warehouse} {goods.warehouse_name}",
        "on_hand": f"{goods.left:,}",
        "reorder_level": f"{goods.reorder_level:,}",
        "incoming": "0",
        "supplier": f"{goods.supplier_code} {goods.supplier_name}",
        "unit_price": f"{CURRENCY[language]}{goods.unit_price}",
        "suggested": f"{goods.reorder_quantity:,}",
    }
    return {LABELS[language][key]: value for key, value in values.items()}
