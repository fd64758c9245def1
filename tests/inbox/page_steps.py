"""What the browser tests do and look at again and again."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Locator, Page

from kernel.live import live_publish
from permissions.models import User
from tests.inbox.card_api import CardBox


def tell(user: User, card_id: str) -> None:
    live_publish(f"user-{user.pk}", type="card", id=card_id)


def card_of(page: Page, card_id: str) -> Locator:
    return page.locator(f"#card-{card_id}")


def pause_of(page: Page) -> Callable[[float], None]:
    """A pause in which the test's routes of this page go on."""
    return lambda seconds: page.wait_for_timeout(seconds * 1000)


def answers_of(cards: CardBox) -> list[object]:
    return [body for method, path, body in cards.calls if path.endswith(("/answer/", "/reply/"))]
