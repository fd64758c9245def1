"""One running demo for this folder, a Chromium, people who visit, and goods to sell."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.goods import Shelf
from tests.browser.visit import WAIT_MS, Visit
from tests.running import RunningDemo

Visits = Callable[..., Visit]
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    running = RunningDemo(tmp_path_factory.mktemp("baton") / "home")
    try:
        yield running.start()
    finally:
        running.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Per module: while Playwright runs, this thread has an event loop, which tests of other folders do not want."""
    expect.set_options(timeout=WAIT_MS)
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=[*QUIET])
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def shelf(demo: RunningDemo) -> Shelf:
    return Shelf(demo)


@pytest.fixture
def visits(browser: Browser, demo: RunningDemo) -> Iterator[Visits]:
    """`visits("buyer", "zh", 360)` is the buyer, signed in, in a browser of their own."""
    made: list[Visit] = []

    def visit(
        who: str, language: str = "en", width: int = 1440, *, scheme: Literal["light", "dark"] = "light"
    ) -> Visit:
        made.append(Visit(browser, demo, who, language, width, scheme=scheme))
        return made[-1].sign_in()

    yield visit
    for each in made:
        each.close()
