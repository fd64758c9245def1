"""Every page there is, in both languages, on a desk and on a phone, by day and by night."""

from __future__ import annotations

import re
from typing import Literal

import pytest

from tests.browser.conftest import Visits
from tests.browser.visit import Visit
from tests.needs import needs

pytestmark = [needs("chromium"), pytest.mark.xdist_group("browser")]

ERP, INBOX = "/admin/connectors/connection/2/", "/admin/connectors/connection/1/"
PAGES: dict[str, tuple[str, ...]] = {
    "analyst": (
        "/admin/", "/admin/workflows/rule/", "/admin/workflows/rule/add/", "/admin/workflows/rule/1/change/",
        "/admin/workflows/run/", "/admin/workflows/run/1/change/", "/admin/workflows/run/dead-letters/",
        "/admin/connectors/event/", "/admin/connectors/event/1/change/", "/admin/messaging/interaction/",
        "/admin/messaging/interaction/1/change/", "/admin/messaging/delivery/", "/admin/messaging/reply/",
    ),
    "it": (
        "/admin/", "/admin/connectors/connection/", "/admin/connectors/connection/add/",
        "/admin/connectors/connection/add/erp.sql/", "/admin/connectors/connection/add/erp.tryton/",
        "/admin/connectors/connection/add/erp.webhook/", "/admin/connectors/connection/add/im.webhook/",
        f"{ERP}change/", f"{ERP}mapping/", f"{ERP}mapping/stock_level/", f"{ERP}inbound/", f"{INBOX}change/",
        "/admin/permissions/user/", "/admin/permissions/identity/",
    ),
    "buyer": ("/inbox/", "/demo/"),
}  # fmt: skip

# What people read first on a page: headings, columns, labels, buttons and ways to go on.
LABELS = """() => [...document.querySelectorAll("h1, h2, h3, thead th, label, button, summary, nav a, .b-tabs a, [role=tab], dt, legend, #nav-sidebar a")]
  .filter((each) => each.checkVisibility({ checkVisibilityCSS: true }))
  .map((each) => {
    const copy = each.cloneNode(true);
    for (const sign of copy.querySelectorAll(".material-symbols-outlined, code, pre, input, textarea, option, .b-muted")) sign.remove();
    return copy.textContent.replace(/\\s+/g, " ").trim();
  })"""
# Names, codes and words that are the same in Chinese.
NAMES = re.compile(
    r"Baton|Demo ERP|ERP|SQL|Tryton|Inbox|JSON|Bearer|HMAC|[Ww]ebhook|Wei Li|Min Zhao|Wei Chen|BLT-M6-20|v_[a-z_]+|baton_inbox|"
    r"idempotency_key|demo-erp\.sqlite3|[A-Z]+-[0-9]+@[A-Z]+|EAST|NORTH|WEST|English|analyst@\S+|it@\S+|UTC"
)


@pytest.mark.parametrize("who", PAGES)
@pytest.mark.parametrize(("language", "scheme"), [("zh", "dark"), ("en", "light")])
def test_pages(visits: Visits, who: str, language: str, scheme: Literal["light", "dark"]) -> None:
    visit = visits(who, language, scheme=scheme)
    english: dict[str, list[str]] = {}
    for path in PAGES[who]:
        visit.resize(1440)
        page = visit.goto(path)
        if path == "/inbox/":
            page.wait_for_selector("article.card")
        if language == "zh" and path != "/demo/":
            english[path] = _english(visit)
        for width in (1440, 360):
            visit.resize(width)
            visit.shoot(f"page-{scheme}-{who}{path.replace('/', '-').rstrip('-')}")
    assert {path: words for path, words in english.items() if words} == {}


def _english(visit: Visit) -> list[str]:
    """Labels of the page with an English word left in them."""
    labels: list[str] = visit.page.evaluate(LABELS)
    return sorted({each for each in labels if re.search(r"[A-Za-z]{3,}", NAMES.sub("", each))})
