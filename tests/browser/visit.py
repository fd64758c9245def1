"""One person in one browser: signed in, watched for errors, and every page looked at for what nobody would ship."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page

from tests.needs import ROOT
from tests.running import PASSWORD, RunningDemo

WAIT_MS = 20_000
ARTIFACTS = ROOT / "test-artifacts" / "browser"
LOCALES = {"zh": "zh-CN", "en": "en-US"}
HTML_LANGUAGES = {"zh": "zh-hans", "en": "en"}
HEIGHTS = {1440: 900, 360: 740}

# What can be operated and what it is called, asked of the browser's own accessibility tree by way of its labels.
NAMELESS = """() => [...document.querySelectorAll("button, a[href], input:not([type=hidden]), select, textarea, summary")]
  .filter((each) => each.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }))
  .filter((each) => !each.closest("[aria-hidden=true]"))
  .filter((each) => {
    const named = (each.getAttribute("aria-labelledby") ?? "").split(" ").map((id) => document.getElementById(id)?.textContent ?? "");
    const labels = [...(each.labels ?? [])].map((label) => label.textContent);
    const images = [...each.querySelectorAll("img[alt]")].map((image) => image.alt);
    const own = each.matches("input, select, textarea") ? "" : each.textContent;
    return ![each.ariaLabel ?? "", each.title, own, ...named, ...labels, ...images].some((words) => words.trim());
  })
  .map((each) => each.outerHTML.slice(0, 160))"""


class Visit:
    """`who` signed in from a browser that speaks `language`, in a window `width` pixels wide."""

    def __init__(
        self, browser: Browser, demo: RunningDemo, who: str, language: str = "en", width: int = 1440,
        *, scheme: Literal["light", "dark"] = "light",
    ) -> None:  # fmt: skip
        self.demo, self.who, self.language, self.width = demo, who, language, width
        self.context = browser.new_context(
            base_url=demo.url, locale=LOCALES[language], timezone_id="Asia/Shanghai", color_scheme=scheme,
            viewport={"width": width, "height": HEIGHTS[width]},
        )  # fmt: skip
        self.context.set_default_timeout(WAIT_MS)
        self.errors: list[str] = []
        self.expected: list[str] = []
        self.page = self.page_open()

    def page_open(self) -> Page:
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._heard)
        return page

    def _heard(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.errors.append(said.text)

    def sign_in(self) -> Visit:
        self.page.goto("/login/")
        self.look()
        self.page.locator("#id_username").fill(self.who)
        self.page.locator("#id_password").fill(PASSWORD)
        self.page.locator("#id_password").press("Enter")
        self.page.wait_for_url(lambda url: "/login/" not in url)
        return self

    def resize(self, width: int) -> None:
        """As when a window is drawn smaller; `width` in pixels."""
        self.width = width
        self.page.set_viewport_size({"width": width, "height": HEIGHTS[width]})

    def goto(self, path: str) -> Page:
        response = self.page.goto(path)
        assert response is not None and response.status == 200, (
            f"{path} answered {response and response.status}"
        )
        self.look()
        return self.page

    def look(self, page: Page | None = None) -> None:
        """In the reader's language, no wider than the window, and everything that can be operated has a name."""
        page = page or self.page
        root: dict[str, Any] = page.evaluate(
            "() => { const e = document.documentElement; return {lang: e.lang, scroll: e.scrollWidth, client: e.clientWidth} }"
        )
        assert root["lang"] == HTML_LANGUAGES[self.language], f"{page.url} says it is in {root['lang']!r}"
        assert root["scroll"] <= root["client"], (
            f"{page.url} is {root['scroll']} wide in {root['client']} pixels"
        )
        nameless = page.evaluate(NAMELESS)
        assert nameless == [], f"on {page.url} these have no name: {nameless}"

    def shoot(self, name: str, page: Page | None = None) -> None:
        """Look, and keep what was seen as test-artifacts/browser/<name>-<language>-<width>.png."""
        page = page or self.page
        self.look(page)
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=self._path(name), full_page=True)

    def _path(self, name: str) -> Path:
        return ARTIFACTS / f"{name}-{self.language}-{self.width}.png"

    def expect_error(self, pattern: str) -> None:
        """The browser itself reports requests that were refused or failed; here that is what is being tried."""
        self.expected.append(pattern)

    def close(self) -> None:
        self.context.close()
        unexpected = [
            each for each in self.errors if not any(re.search(known, each) for known in self.expected)
        ]
        assert unexpected == [], f"the console of {self.who} says: {unexpected}"


def definition_list(place: Locator) -> dict[str, str]:
    """Every term of the lists in `place` with what stands beside it."""
    pairs = place.locator("dl > div").evaluate_all(
        "rows => rows.map(row => [row.querySelector('dt').textContent.trim(), row.querySelector('dd').textContent.trim()])"
    )
    return dict(pairs)
