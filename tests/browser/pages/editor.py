"""The rule editor as an analyst works in it: chapters, conditions, actions, the side."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, expect

from tests.browser.visit import Visit
from tests.needs import ROOT

AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = ("serious", "critical")


class EditorPage:
    def __init__(self, visit: Visit) -> None:
        self.visit, self.page = visit, visit.page

    def start(self, label: str) -> None:
        """A new rule about the object of this name."""
        self.visit.goto("/admin/workflows/rule/add/")
        named = self.page.locator("strong", has_text=re.compile(f"^{label}$"))
        self.page.locator(".b-start").filter(has=named).click()
        self.page.wait_for_url("**/editor/")
        self.opened()

    def open(self, rule: int) -> None:
        self.visit.goto(f"/admin/workflows/rule/{rule}/editor/")
        self.opened()

    def opened(self) -> None:
        expect(self.page.locator(".e-chapter-when")).to_be_visible()
        expect(self.page.locator(".e-tree").first).to_be_visible()

    @property
    def rule(self) -> int:
        found = re.search(r"/rule/(\d+)/", self.page.url)
        assert found is not None
        return int(found.group(1))

    @property
    def sentence(self) -> Locator:
        return self.page.locator(".b-sentence")

    @property
    def mending(self) -> Locator:
        return self.page.locator(".e-mending li")

    def chapter(self, name: str) -> Locator:
        return self.page.locator(f".e-chapter-{name}")

    def saved(self) -> dict[str, Any]:
        """The stored rule, once the page says that everything is saved."""
        expect(self.page.locator(".e-save")).to_have_attribute("data-state", "saved")
        answer = self.page.request.get(f"/api/v1/rules/{self.rule}/")
        assert answer.status == 200
        return dict(answer.json())

    def definition(self) -> dict[str, Any]:
        return dict(self.saved()["draft"])

    def pick(self, button: Locator, words: str) -> None:
        """From a searchable list, by mouse: the first that is found by these words."""
        button.click()
        dialog = self.page.locator(".e-popup")
        dialog.get_by_role("combobox").fill(words)
        dialog.get_by_role("option").first.click()
        expect(dialog).to_have_count(0)

    def pick_by_keyboard(self, words: str) -> None:
        """The same on whatever has the focus."""
        self.page.keyboard.press("Enter")
        expect(self.page.locator(".e-popup").get_by_role("combobox")).to_be_focused()
        self.page.keyboard.type(words)
        self.page.keyboard.press("Enter")
        expect(self.page.locator(".e-popup")).to_have_count(0)

    def tab_to(self, label: str, most: int = 60) -> Locator:
        """Tab on until the control with this accessible name has the focus."""
        for _step in range(most):
            self.page.keyboard.press("Tab")
            name = self.page.evaluate(
                "() => { const e = document.activeElement; return e.ariaLabel ?? e.textContent.trim() }"
            )
            if name.startswith(label):
                return self.page.locator(":focus")
        raise AssertionError(f"nothing called “{label}” within {most} steps of the Tab key")

    def serious_findings(self) -> list[str]:
        """What axe calls serious or critical on this page, inside the editor."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.add_script_tag(content=AXE.read_text())
        found: list[dict[str, Any]] = self.page.evaluate(
            "() => axe.run('#rule-editor', {resultTypes: ['violations']}).then((done) => done.violations)"
        )
        return [
            f"{each['id']}: {node['html'][:160]}"
            for each in found
            if each["impact"] in SERIOUS
            for node in each["nodes"]
        ]
