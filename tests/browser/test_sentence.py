"""The sentence on top, edited as text: taken over, asked about, pointed at, in both languages."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visits
from tests.browser.pages.editor import EditorPage
from tests.needs import needs

pytestmark = [needs("chromium"), needs("editor-tools"), pytest.mark.xdist_group("browser")]

WORDS = {
    "en": ("Stock alert", "Edit as text", "Take over", "less than reorder level", "below 7", "below 7 and buyer changed or incoming is 0", "blow 7", "blow"),
    "zh": ("库存预警", "以文字编辑", "采用", "小于再订货点", "低于7", "低于7，且采购员发生变化，或在途等于0", "底于7", "底于"),
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_sentence_is_edited_as_text(visits: Visits, language: str) -> None:
    pack, edit, take, was, one, two, wrong, word = WORDS[language]
    visit = visits("analyst", language)
    editor, page = EditorPage(visit), visit.page
    visit.goto("/admin/workflows/rule/add/")
    page.locator(".b-start").filter(has=page.locator("strong", has_text=pack)).click()
    page.wait_for_url("**/editor/?pack=stock_alert")
    editor.opened()
    expect(editor.sentence).to_contain_text(was)
    text = editor.sentence.inner_text()
    page.get_by_role("button", name=edit).click()
    field = page.locator(".e-sentence textarea")
    field.fill(text.replace(was, wrong))
    page.get_by_role("button", name=take).click()
    expect(page.locator(".e-sentence [role=alert]")).to_contain_text(f"“{word}")
    selected = field.evaluate("each => each.value.slice(each.selectionStart, each.selectionEnd)")
    assert selected.startswith(word)
    assert editor.serious_findings() == []
    field.fill(text.replace(was, two))
    page.get_by_role("button", name=take).click()
    expect(page.locator(".e-choice")).to_have_count(2)
    visit.shoot("sentence-choices")
    page.locator(".e-choice").nth(1).click()
    assert list(editor.definition()["condition"]) == ["and"]
    page.get_by_role("button", name=edit).click()
    field.fill(text.replace(was, one))
    page.get_by_role("button", name=take).click()
    expect(field).to_have_count(0)
    assert editor.definition()["condition"] == {"<": [{"var": "record.on_hand"}, 7]}
