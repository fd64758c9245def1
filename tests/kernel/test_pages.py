"""What a page keeps belongs to the request under way: a page object serves many at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from kernel.pages import OfRequest


class Page:
    gate = OfRequest()


def test_two_requests_at_once_keep_their_own_rights() -> None:
    page, both = Page(), threading.Barrier(2)

    def request(reader: str) -> str:
        page.gate = reader
        both.wait(timeout=10)  # the other one has set its own meanwhile
        return str(page.gate)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(request, ["an auditor", "a clerk"])) == ["an auditor", "a clerk"]
