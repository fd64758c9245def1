"""From a fresh start to one's own first live card, out of a starter pack: every click and every filled field counted."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import Visits
from tests.browser.goods import Shelf
from tests.browser.pages.editor import EditorPage
from tests.needs import needs

pytestmark = [needs("chromium"), pytest.mark.xdist_group("browser")]

MOST_ACTIONS = 40
SIGN_IN_ACTIONS = 3
WORDS = {
    "en": {
        "pack": "Large order",
        "amount": "From which amount?",
        "kind": "Kind of recipient",
        "owner": "rule_owner",
        "done": "Done with the questions",
        "publish": "Publish",
        "inbox": "Your inbox",
        "sentence": "amount is at least 1",
        "title": "Large order ",
    },
    "zh": {
        "pack": "大额订单",
        "amount": "金额达到多少？",
        "kind": "接收人类型",
        "owner": "rule_owner",
        "done": "完成提问",
        "publish": "发布",
        "inbox": "我的收件箱",
        "sentence": "金额不小于1",
        "title": "大额订单 ",
    },
}


class Count:
    """What a person does: one click, one filled field or one chosen option is one action."""

    def __init__(self) -> None:
        self.actions = SIGN_IN_ACTIONS

    def click(self, place: Locator) -> None:
        self.actions += 1
        place.click()

    def fill(self, place: Locator, text: str) -> None:
        self.actions += 1
        place.fill(text)

    def choose(self, place: Locator, value: str) -> None:
        self.actions += 1
        place.select_option(value)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_first_live_card_takes_few_actions(visits: Visits, shelf: Shelf, language: str) -> None:
    words, count = WORDS[language], Count()
    visit = visits("analyst", language)
    editor, page = EditorPage(visit), visit.page
    visit.goto("/admin/")
    count.click(page.locator("a[href='/admin/workflows/rule/']").first)
    count.click(page.locator("a[href='/admin/workflows/rule/add/']").first)
    count.click(page.locator(".b-start").filter(has=page.locator("strong", has_text=words["pack"])))
    page.wait_for_url("**/editor/?pack=large_order")
    editor.opened()
    visit.shoot("pack")
    questions = page.locator(".e-packs")
    count.fill(questions.get_by_role("spinbutton", name=words["amount"]), "1")
    count.choose(questions.get_by_role("combobox", name=words["kind"]), words["owner"])
    expect(editor.sentence).to_contain_text(words["sentence"])
    count.click(questions.get_by_role("button", name=words["done"]))
    expect(questions).to_have_count(0)
    assert editor.definition()["condition"] == {">=": [{"var": "record.amount"}, 1]}
    count.click(page.get_by_role("button", name=words["publish"]))
    expect(page.locator(".e-first")).to_be_visible()
    assert editor.saved()["state"] == "live"

    shelf.sell(shelf.take())  # the company goes on working
    count.click(page.get_by_role("link", name=words["inbox"]))
    expect(page.locator("#cards")).to_have_attribute("aria-busy", "false")
    count.click(page.locator("#tab-decided"))  # a notice waits for nobody's answer
    card = page.locator("article.card").filter(has_text=words["title"])
    expect(card.first).to_be_visible()
    visit.shoot("first-card")
    print(f"{language}: {count.actions} actions to the first live card")
    assert count.actions == 12
    assert count.actions <= MOST_ACTIONS
