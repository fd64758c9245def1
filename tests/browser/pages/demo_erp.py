"""The demo ERP's page with its levers."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.visit import Visit


class DemoErp:
    def __init__(self, visit: Visit) -> None:
        self.visit, self.page = visit, visit.page

    def pull(self, lever: str) -> None:
        """Press the lever called so, and read that it was pulled."""
        self.visit.goto("/demo/")
        self.page.get_by_role("button", name=lever, exact=True).click()
        expect(self.page.locator("p.note-info[role=status]")).to_be_visible()
