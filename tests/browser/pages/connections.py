"""How IT registers a connection and looks after it."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.browser.visit import Visit


class RegisterPage:
    """The form of one connector, reached from the list as a person reaches it."""

    def __init__(self, visit: Visit, connector_label: str) -> None:
        self.visit, self.page = visit, visit.page
        visit.goto("/admin/connectors/connection/add/")
        self.page.get_by_role("link", name=f"Connect {connector_label}").click()
        expect(self.page.get_by_role("button", name="Test and register")).to_be_visible()
        visit.look()

    def fill(self, **values: str) -> None:
        """By the name of the setting."""
        for name, value in values.items():
            self.input(name).fill(value)

    def input(self, name: str) -> Locator:
        return self.page.locator(f"#id_{name}, #id_setting_{name}").first

    def submit(self) -> None:
        self.page.get_by_role("button", name="Test and register").click()

    @property
    def refusal(self) -> Locator:
        return self.page.locator("section[role=alert]")


class ConnectionPages:
    """The tabs of a stored connection."""

    def __init__(self, visit: Visit, name: str) -> None:
        self.visit, self.page = visit, visit.page
        visit.goto("/admin/connectors/connection/")
        self.page.get_by_role("link", name=name, exact=True).click()
        self.page.wait_for_url("**/change/")
        visit.look()
        self.path = self.page.url.removeprefix(visit.demo.url).removesuffix("change/")

    def tab(self, name: str) -> Page:
        """overview, mapping or inbound."""
        return self.visit.goto(self.path + {"overview": "change/"}.get(name, f"{name}/"))

    def press(self, label: str) -> None:
        self.page.get_by_role("button", name=label, exact=True).click()

    def expect_said(self, words: str) -> None:
        expect(self.page.locator("body")).to_contain_text(words)
