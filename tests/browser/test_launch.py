"""A copied rule is tried on oneself, launched in its shadow step, and stopped: all in the editor, and told on its pages."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visits
from tests.browser.goods import Shelf
from tests.browser.pages.editor import EditorPage
from tests.needs import needs

pytestmark = [needs("chromium"), needs("editor-tools"), pytest.mark.xdist_group("browser")]


def test_from_a_copy_to_a_shadow_to_the_stop(visits: Visits, shelf: Shelf) -> None:
    editor = EditorPage(visits("analyst"))
    page = editor.page
    goods = shelf.take()
    editor.visit.goto("/admin/workflows/rule/")
    page.get_by_role("link", name="Stock below reorder level").first.click()
    page.get_by_role("link", name="Edit the rule").click()
    editor.opened()
    first = editor.rule
    page.get_by_role("tab", name="Manage").click()
    page.get_by_role("button", name="Make a copy").click()
    page.wait_for_url(lambda url: f"/{first}/" not in url)
    editor.opened()

    page.get_by_role("button", name="Test message to me").first.click()
    expect(page.locator(".e-test").first).to_contain_text("Sent to you: Inbox.")
    page.get_by_role("tab", name="Launch").click()
    page.get_by_role("radio", name="Shadow").check()
    page.get_by_role("button", name="Set the step").click()
    expect(page.locator(".e-launch")).to_contain_text("Launched: Shadow.")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.locator(".e-in-force ~ .b-note")).to_contain_text("Version 1 is in force.")
    editor.visit.shoot("launch")
    assert editor.serious_findings() == []
    page.get_by_role("tab", name="Manage").click()
    assert editor.serious_findings() == []

    shelf.sell(goods)
    rule = editor.rule
    for _again in range(40):
        found = page.request.get(f"/api/v1/runs/?rule={rule}").json()["results"]
        if found:
            break
        page.wait_for_timeout(250)
    assert [(each["state"], each["outcome"]) for each in found] == [("cancelled", "shadow")]
    editor.visit.goto(f"/admin/workflows/run/{found[0]['id']}/change/#/steps/0")
    expect(page.locator(".g-target")).to_contain_text("Ask")
    editor.visit.shoot("run-of-a-shadow")
    editor.visit.goto(f"/admin/workflows/rule/{rule}/why/?event={found[0]['event']}")
    expect(page.locator(".b-page")).to_contain_text("Shadow: only the owner was told")
    editor.visit.shoot("why")

    editor.open(rule)
    page.on("dialog", lambda asked: asked.accept())
    page.get_by_role("button", name="Stop the rule").click()
    expect(page.locator(".e-header .b-badge")).to_contain_text("Stopped")
