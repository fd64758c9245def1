"""Pages of the administration as analysts read them."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.browser.visit import Visit, definition_list

RULE_NAMES = {"en": "Stock below reorder level → ask the buyer", "zh": "库存低于再订货点 → 询问采购员"}


class RulePages:
    def __init__(self, visit: Visit) -> None:
        self.visit, self.page = visit, visit.page

    def open_list(self) -> Locator:
        """The list; returns the row of the stock rule."""
        self.visit.goto("/admin/workflows/rule/")
        return self.page.get_by_role("link", name=RULE_NAMES[self.visit.language])

    def open_rule(self) -> str:
        """From the list to the rule; returns its sentence."""
        self.open_list().click()
        expect(self.page.locator(".b-sentence")).to_be_visible()
        return self.page.locator(".b-sentence").inner_text()


class RunPage:
    def __init__(self, visit: Visit) -> None:
        self.visit, self.page = visit, visit.page

    def open_latest(self, product_code: str) -> None:
        """The run about this item, found in the list by what it is about."""
        self.visit.goto("/admin/workflows/run/")
        row = self.page.locator("#result_list tbody tr").filter(has_text=product_code)
        expect(row).to_have_count(1)
        row.get_by_role("link").first.click()
        self.page.wait_for_url("**/change/")

    def hop(self, kind: str) -> Locator:
        return self.page.locator(f'.b-hop[data-kind="{kind}"]')

    def chips(self, place: Locator) -> dict[str, str]:
        """Label → value of the little boxes in `place`."""
        pairs = place.locator(".b-chip").evaluate_all(
            "chips => chips.map(chip => [chip.querySelector('span').textContent.trim(),"
            " chip.lastChild.textContent.trim()])"
        )
        return dict(pairs)

    def seen_by_condition(self) -> dict[str, str]:
        return self.chips(self.page.locator("[aria-labelledby=condition-title]"))

    def durations(self) -> dict[str, str]:
        return definition_list(self.page.locator(".b-page"))
