"""A site of the staff's pages in this process, people, and a browser."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polib
import pytest
import uvicorn
from django.conf import settings as django_settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django import Settings

from permissions.models import User
from tests.inbox import site as staff_site
from tests.inbox.card_api import CardBox, box

PASSWORD = "right-and-long"
WAIT_MS = 15_000
CATALOG = Path("inbox/locale/zh_Hans/LC_MESSAGES/django.po")


@pytest.fixture(autouse=True, scope="session")
def words() -> None:
    """Tests read Chinese pages: compile the catalog where no build has."""
    source = django_settings.BASE_DIR / CATALOG
    compiled = source.with_suffix(".mo")
    if not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime:
        polib.pofile(str(source)).save_as_mofile(str(compiled))


@pytest.fixture(autouse=True)
def staff_urls(settings: Settings) -> None:
    values = {
        "ROOT_URLCONF": "tests.inbox.site",
        "WHITENOISE_USE_FINDERS": True,
        "WHITENOISE_AUTOREFRESH": True,
    }
    for name, value in values.items():
        setattr(settings, name, value)


@pytest.fixture
def cards() -> Iterator[CardBox]:
    box.clear()
    yield box
    box.clear()


def person_add(username: str, **values: Any) -> User:
    words: dict[str, Any] = {"language": "en", "first_name": username.title(), **values}
    return User.objects.create_user(username=username, password=PASSWORD, **words)


@pytest.fixture
def buyer(transactional_db: None) -> User:
    return person_add("buyer")


class Site:
    """The web process of the test, on a port of its own; starts again on the same port."""

    def __init__(self) -> None:
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        config = uvicorn.Config(
            staff_site.application(), host="127.0.0.1", port=self.port, log_level="error", lifespan="off",
            timeout_graceful_shutdown=1,
        )  # fmt: skip
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        wait_for(lambda: self.server.started, "the web server to start")
        self.port = self.server.servers[0].sockets[0].getsockname()[1]

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(20)
        assert not self.thread.is_alive(), "the web server did not stop"


def wait_for(condition: Callable[[], object], what: str, pause: Callable[[float], None] = time.sleep) -> None:
    deadline = time.monotonic() + WAIT_MS / 1000
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain for {what}")
        pause(0.02)


@pytest.fixture
def site(buyer: User, cards: CardBox) -> Iterator[Site]:
    running = Site()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Per module: while Playwright runs, this thread has an event loop; other tests need their own."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Django refuses its ORM where a loop runs; here no two things use it at the same time in this thread.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        chromium = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, site: Site, buyer: User) -> Iterator[Page]:
    """Signed in as the buyer, on the inbox, with the live line up, on a phone."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, base_url=site.url)
    context.set_default_timeout(WAIT_MS)
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    sign_in(context, buyer, site)
    opened.goto("/inbox/")
    opened.wait_for_selector("[data-status=live]")
    opened.wait_for_selector("#cards[aria-busy=false]")
    yield opened
    context.close()
    assert errors == []


def sign_in(context: BrowserContext, user: User, site: Site) -> None:
    """As if this browser had logged in already."""
    client = Client()
    client.force_login(user)
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site.url}])
