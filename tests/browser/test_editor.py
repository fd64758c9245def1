"""Rules built from nothing in the editor, by mouse and by keyboard, in both languages; and broken as beginners do."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from playwright.sync_api import expect

from demo.rules import STOCK_RULE
from tests.browser.conftest import Visits
from tests.browser.pages.editor import EditorPage
from tests.needs import needs

pytestmark = [needs("chromium"), needs("editor-tools"), pytest.mark.xdist_group("browser")]

NESTED: dict[str, Any] = {
    "and": [
        {"<": [{"var": "record.on_hand"}, {"var": "record.reorder_level"}]},
        {
            "or": [
                {"==": [{"var": "record.warehouse"}, "EAST"]},
                {"and": [{">=": [{"var": "record.unit_price"}, 12.5]}, {"changed": "on_hand"}]},
            ]
        },
    ]
}


def test_the_stock_rule_by_mouse(visits: Visits) -> None:
    editor = EditorPage(visits("analyst"))
    page = editor.page
    editor.start("Stock level")
    page.get_by_role("textbox", name="Name of the rule").fill("Low stock, by mouse")

    condition = editor.chapter("if")
    condition.get_by_role("button", name="Add a condition").first.click()
    editor.pick(condition.locator(".e-field button").first, "stock")
    condition.get_by_role("combobox", name="Compared with").select_option("field")
    editor.pick(condition.locator(".rule .e-picker:not(.e-field) button"), "reorder point")

    then = editor.chapter("then")
    editor.pick(then.get_by_role("button", name="Add an action"), "Ask")
    who = editor.chapter("for-whom")
    who.get_by_role("combobox", name="Kind of recipient").first.select_option("record_person")
    title = then.get_by_role("textbox", name="Title (English)")
    title.fill("Low stock: ")
    editor.pick(then.get_by_role("button", name="Insert a value").first, "Item name")
    expect(title).to_have_value("Low stock: {{ record.product_name }}")
    then.get_by_role("textbox", name="Title (中文)").fill("库存不足")
    button = then.locator(".e-box").first
    button.get_by_role("textbox", name="Text of the button (English)").fill("Create PO")
    button.get_by_role("textbox", name="Text of the button (中文)").fill("创建采购订单")
    button.get_by_role("button", name="Ask for a value first").click()
    button.get_by_role("textbox", name="What the input is called (English)").fill("Quantity")
    editor.pick(button.locator(".e-follows").get_by_role("button", name="Add an action"), "document")
    button.get_by_role("combobox", name="Quantity: Compared with").select_option("input")

    # The demo's own rule may have told the buyer of the same sale: that is said, and keeps nobody from publishing.
    expect(editor.mending.filter(has_not_text="of the same event too")).to_have_count(0)
    expect(editor.sentence).to_contain_text("on hand is less than reorder level")
    expect(editor.sentence).to_contain_text("ask the buyer of the record with “Create PO”")
    draft = editor.definition()
    assert draft["condition"] == STOCK_RULE["condition"]
    assert draft["steps"][0]["params"]["recipients"] == [{"type": "record_person", "field": "buyer"}]
    document = draft["steps"][0]["params"]["buttons"][0]["then"][0]
    assert (document["action"], document["params"]["write"]) == ("create_document", "create_purchase_order")
    assert document["params"]["values"]["quantity"] == {"input": "input_1"}

    expect(page.locator(".e-result")).to_contain_text("Wei Li")
    editor.visit.shoot("editor-stock")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Version 1 is in force.")).to_be_visible()
    page.get_by_role("textbox", name="Name of the rule").fill("Low stock, renamed")
    condition.get_by_role("combobox", name="Comparison").select_option("<=")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Version 2 is in force.")).to_be_visible()
    page.get_by_role("tab", name="Versions").click()
    first = page.locator(".e-versions li").filter(has_text="v1")
    first.get_by_role("button", name="What is different in the draft").click()
    expect(page.locator(".e-compared")).to_contain_text("on hand is at most reorder level")
    page.on("dialog", lambda dialog: dialog.accept())
    first.get_by_role("button", name="Back to this version").click()
    expect(page.get_by_text("Version 3 is in force.")).to_be_visible()
    assert editor.saved()["published"]["condition"] == STOCK_RULE["condition"]
    page.get_by_role("button", name="Stop the rule").click()
    expect(page.get_by_text("The rule is stopped.")).to_be_visible()
    assert editor.saved()["state"] == "off"


def test_three_groups_by_keyboard(visits: Visits) -> None:
    editor = EditorPage(visits("analyst", "zh"))
    page, press = editor.page, editor.page.keyboard.press
    editor.start("库存")
    page.get_by_role("textbox", name="规则名称").focus()

    def condition(field: str, operator: str) -> None:
        """The next empty condition: its field, then its comparison."""
        editor.tab_to("字段: ")
        editor.pick_by_keyboard(field)
        editor.tab_to("比较方式").select_option(operator)

    editor.tab_to("+ 添加条件")
    press("Enter")
    condition("现存量", "<")
    editor.tab_to("比较对象").select_option("field")
    editor.tab_to("字段: ")
    editor.pick_by_keyboard("再订货点")
    page.get_by_role("textbox", name="规则名称").focus()
    editor.tab_to("+ 添加条件组")
    press("Enter")
    inner = page.locator(".ruleGroup .ruleGroup").first
    inner.get_by_role("combobox", name="组内条件的关系").first.focus()
    page.locator(":focus").select_option("or")
    condition("仓库", "==")
    editor.tab_to("值")
    page.keyboard.type("EAST")
    inner.get_by_role("combobox", name="组内条件的关系").first.focus()
    editor.tab_to("+ 添加条件组")
    press("Enter")
    innermost = inner.locator(".ruleGroup").first
    innermost.get_by_role("combobox", name="组内条件的关系").focus()
    condition("进价", ">=")
    editor.tab_to("值")
    page.keyboard.type("12.5")
    innermost.get_by_role("combobox", name="组内条件的关系").focus()
    editor.tab_to("+ 添加条件")
    press("Enter")
    innermost.locator(".e-field button").last.focus()
    editor.pick_by_keyboard("现存量")
    editor.tab_to("比较方式").select_option("changed")

    assert editor.definition()["condition"] == NESTED
    press("Control+z")
    assert editor.definition()["condition"] != NESTED
    press("Control+Shift+z")
    assert editor.definition()["condition"] == NESTED
    editor.visit.shoot("editor-nested")
    page.reload()
    editor.opened()
    assert editor.definition()["condition"] == NESTED
    expect(page.locator(".ruleGroup")).to_have_count(3)


def test_what_a_beginner_breaks_is_said_in_its_place(visits: Visits) -> None:
    editor = EditorPage(visits("analyst"))
    editor.visit.expect_error("400")
    page = editor.page
    editor.start("Stock level")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("First mend what is marked below.")).to_be_visible()
    condition = editor.chapter("if")
    condition.get_by_role("button", name="Add a condition").first.click()
    editor.pick(editor.chapter("then").get_by_role("button", name="Add an action"), "Send")
    expect(condition.locator(".e-problems")).to_have_text("A value is missing here.")
    expect(editor.chapter("then").locator(".e-problems").first).to_contain_text("Write a title.")
    editor.pick(condition.locator(".e-field button").first, "On hand")
    condition.get_by_role("textbox", name="Value").fill("a few")
    expect(condition.locator(".e-problems")).to_contain_text("“a few” is no decimal number")
    editor.mending.filter(has_text="a few").get_by_role("button").click()
    expect(condition.get_by_role("textbox", name="Value")).to_be_focused()
    condition.get_by_role("textbox", name="Value").fill("3")
    expect(condition.locator(".e-problems")).to_have_count(0)
    assert editor.definition()["condition"] == {"<": [{"var": "record.on_hand"}, 3]}
    editor.visit.expect_error("ERR_INTERNET_DISCONNECTED")
    editor.visit.context.set_offline(True)
    condition.get_by_role("textbox", name="Value").fill("4")
    expect(page.locator(".e-save")).to_have_text(
        "Not saved: no connection to Baton. It tries again by itself."
    )
    editor.visit.context.set_offline(False)
    assert editor.definition()["condition"] == {"<": [{"var": "record.on_hand"}, 4]}
    condition.get_by_role("button", name="Remove this condition").click()
    expect(condition.get_by_text("Always: there is no condition.")).to_be_visible()
    assert editor.definition()["condition"] is True


def test_two_people_are_told_of_each_other(visits: Visits) -> None:
    editor = EditorPage(visits("analyst"))
    editor.visit.expect_error("409")
    editor.start("Product")
    stored = editor.saved()
    token = next(each["value"] for each in editor.visit.context.cookies() if each["name"] == "csrftoken")
    theirs = {**stored["draft"], "condition": {"==": [{"var": "record.name"}, "theirs"]}}
    answer = editor.page.request.patch(
        f"/api/v1/rules/{editor.rule}/",
        data={"draft": theirs},
        headers={"X-CSRFToken": token, "Referer": editor.page.url},
    )
    assert answer.status == 200
    editor.page.get_by_role("textbox", name="Name of the rule").fill("Mine")
    conflict = editor.page.get_by_role("alertdialog")
    expect(conflict).to_contain_text("has saved this rule meanwhile")
    assert editor.page.request.get(f"/api/v1/rules/{editor.rule}/").json()["draft"] == theirs
    conflict.get_by_role("button", name="Take theirs").click()
    expect(editor.chapter("if").get_by_role("textbox", name="Value")).to_have_value("theirs")
    assert editor.saved()["draft"] == theirs


@pytest.mark.parametrize(
    ("language", "scheme", "width"), [("en", "light", 1440), ("zh", "dark", 1440), ("zh", "light", 360)]
)
def test_everybody_can_use_it(
    visits: Visits, language: str, scheme: Literal["light", "dark"], width: int
) -> None:
    visit = visits("analyst", language, width, scheme=scheme)
    editor = EditorPage(visit)
    editor.open(1)
    expect(editor.page.locator(".e-result")).to_be_visible()
    assert editor.serious_findings() == []
    visit.shoot(f"editor-{scheme}")
    editor.page.locator(".e-field button").first.click()
    assert editor.serious_findings() == []
    editor.page.keyboard.press("Escape")
    expect(editor.page.locator(".e-field button").first).to_be_focused()
    editor.page.get_by_role("tab").nth(1).click()
    editor.page.locator(".e-backtest .b-button").click()
    expect(editor.page.locator(".e-backtest .e-days li").first).to_be_visible()
    assert editor.serious_findings() == []
    editor.page.get_by_role("tab").nth(3).click()
    expect(editor.page.locator(".e-versions li").first).to_be_visible()
    assert editor.serious_findings() == []
