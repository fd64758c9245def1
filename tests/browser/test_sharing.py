"""An analyst shares a rule; what left the ERP is reviewed; somebody asks what another would see. In both languages."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visits
from tests.browser.goods import Shelf
from tests.browser.pages.administration import RULE_NAMES, RulePages
from tests.needs import needs

pytestmark = [needs("chromium"), pytest.mark.xdist_group("browser")]

WORDS = {
    "en": {"share": "Share this rule", "give": "Share", "shared": "Shared with", "back": "Take it back from"},
    "zh": {"share": "共享此规则", "give": "共享", "shared": "已共享给", "back": "收回"},
}


@pytest.mark.parametrize(("language", "width"), [("en", 1440), ("zh", 360)])
def test_an_analyst_shares_a_rule(visits: Visits, language: str, width: int) -> None:
    words = WORDS[language]
    it = RulePages(visits("it", language, width))
    analyst = RulePages(visits("analyst", language, width))
    it.visit.goto("/admin/")
    analyst.open_rule()
    page = analyst.page
    page.get_by_role("link", name=words["share"]).click()
    page.locator("#id_person").fill("it")
    page.locator("#id_level").select_option("view")
    page.get_by_role("button", name=words["give"], exact=True).click()
    expect(page.get_by_text(words["shared"])).to_be_visible()
    analyst.visit.shoot("sharing")

    expect(it.open_list()).to_be_visible()
    page.locator("li", has=page.locator("input[name=person][value=it]")).get_by_role("button").click()
    expect(page.locator("input[name=person][value=it]")).to_have_count(0)
    it.visit.expect_error("40[34]")  # with no rule left to see there is no list
    it.page.goto("/admin/workflows/rule/")
    expect(it.page.get_by_role("link", name=RULE_NAMES[language])).to_have_count(0)


@pytest.mark.parametrize(("language", "width"), [("en", 1440), ("zh", 360)])
def test_an_owner_reviews_and_asks_what_another_would_see(
    visits: Visits, shelf: Shelf, language: str, width: int
) -> None:
    shelf.sell(shelf.take())
    visit = visits("owner", language, width)
    page = visit.page
    row = page.locator("#result_list tbody tr").filter(has_text="buyer")
    for _try in range(20):
        visit.goto("/admin/workflows/disclosuremonth/")
        if page.locator("#result_list tbody tr").count():
            break
        page.wait_for_timeout(2_000)
    visit.shoot("review")
    row.first.get_by_role("link").first.click()
    page.wait_for_url("**/change/")
    visit.shoot("review-line")

    visit.goto("/admin/workflows/disclosuremonth/seen/?person=warehouse&kind=list")
    page.locator("#id_where").select_option(index=1)
    page.locator("form.b-card .b-primary").click()
    expect(page.locator("#answer")).to_be_visible()
    visit.shoot("seen")
    visit.goto("/admin/permissions/breakglass/")
