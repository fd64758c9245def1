"""What keeps Baton busy while it is hurt: events through the intake, and people who click.

Both behave as real ones do: what was not acknowledged is sent again, under the same name, until it is.
"""

from __future__ import annotations

import http.client
import itertools
import json
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from demo import company as erp
from tests.chaos.installation import Installation
from tests.e2e.running_api import Api
from tests.running import wait_until

CONCURRENCY = 16
PATIENCE_SECONDS = 120
AGAIN_SECONDS = 0.2
TAKEN, DECIDED = 200, 409
"""What a click is answered when it is the decision, and when there was one before."""
BELOW = 3
"""Less than the reorder level of 10 that every event tells."""

Item = dict[str, Any]


@dataclass
class Sender:
    """Posts bodies to a hook until each was accepted. `accepted` are the ids of those that were, `refusals` what was
    answered before."""

    installation: Installation
    path: str
    headers: dict[str, str]
    quantity: int = BELOW
    """Stock that the events of a burst tell of."""
    accepted: dict[str, float] = field(default_factory=dict)
    refusals: list[int] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _threads: list[threading.Thread] = field(default_factory=list)

    def burst(self, prefix: str, count: int) -> None:
        """Send `count` events in the background; each is about a record of its own and matches the rule."""
        names = [f"{prefix}-{next(self._numbers)}" for _each in range(count)]
        self.send([(name, event(name, quantity=self.quantity)) for name in names])

    def send(self, bodies: Sequence[tuple[str, Any]], concurrency: int = CONCURRENCY) -> None:
        """Post bodies, in the order given but for the concurrency, in the background."""
        left = iter(list(bodies))
        lock = threading.Lock()

        def work() -> None:
            line = http.client.HTTPConnection("127.0.0.1", self.installation.port, timeout=30)
            while True:
                with lock:
                    body = next(left, None)
                if body is None:
                    line.close()
                    return
                self._until_accepted(line, *body)

        started = [threading.Thread(target=work, daemon=True) for _each in range(concurrency)]
        self._threads += started
        for thread in started:
            thread.start()

    def wait(self) -> None:
        """Until everything was accepted."""
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)
            assert not thread.is_alive(), f"events are still not accepted: {self.refusals[-5:]}"
        self._threads.clear()

    def _until_accepted(self, line: http.client.HTTPConnection, name: str, body: Any) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            status = self._post(line, body)
            if 200 <= status < 300:
                self.accepted[name] = time.monotonic()
                return
            self.refusals.append(status)
            time.sleep(AGAIN_SECONDS)

    def _post(self, line: http.client.HTTPConnection, body: Any) -> int:
        """The status; 0 when there was no answer."""
        try:
            line.request("POST", self.path, json.dumps(body), self.headers)
            answer = line.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            line.close()
            return 0
        return answer.status


def event(name: str, *, sku: str = "", quantity: int = BELOW, at: float | None = None) -> Item:
    """In the form of the load generator: stock of `sku`, below its level of 10 unless told otherwise."""
    data = {"sku": sku or name, "warehouse": "EAST", "qty": quantity, "reorder_level": 10}
    return {"event": "stock.level", "id": name, "ts": at or time.time(), "data": data}


@dataclass
class Shelf:
    """One item of the demo ERP that its buyer was asked about."""

    item: str
    warehouse: str
    quantity: int
    card: Item


class Buyer:
    """The buyer of the demo company: has cards, clicks them, and insists as the page does."""

    def __init__(self, installation: Installation, login: str = "buyer") -> None:
        self.installation = installation
        self.login = login
        self.api = Api(installation, login)
        self._pool = ThreadPoolExecutor(8)

    def asked(self, count: int, title: str) -> list[Shelf]:
        """Sell `count` items below their levels; they come with their open cards of that title."""
        levels = [
            each
            for each in erp.stock(self.installation.erp)
            if each.buyer == self.login and each.incoming == 0 and each.on_hand > each.reorder_level + 1
        ][:count]
        assert len(levels) == count, "the demo company has nothing left to sell"
        for each in levels:
            sold = int(each.on_hand - each.reorder_level) + 1
            erp.sell(self.installation.erp, each.product_code, each.warehouse, sold)
        return [
            Shelf(each.product_code, each.warehouse, int(each.reorder_quantity), self._card(each, title))
            for each in levels
        ]

    def _card(self, level: erp.StockLevel, title: str) -> Item:
        def found() -> list[Item]:
            return [
                card
                for card in self.api.cards(level.product_code)
                if card["state"] == "open"
                and _warehouse(card) == level.warehouse
                and card["title"].startswith(title)
            ]

        return wait_until(found, f"the card about {level.product_code}", 60)[0]

    def click(self, shelves: Iterable[Shelf]) -> list[Future[int]]:
        """Press "Create PO" on each, in the background; a result is the status that was final."""
        return [self._pool.submit(self.insist, each) for each in shelves]

    def insist(self, shelf: Shelf) -> int:
        """Press until there is an answer that says what became of it."""
        body = {"button": "create_po", "version": shelf.card["version"]}
        deadline = time.monotonic() + PATIENCE_SECONDS
        sent_again = False
        while time.monotonic() < deadline:
            try:
                status, _answer = self.api.call(f"inbox/{shelf.card['id']}/answer/", body)
            except (OSError, http.client.HTTPException, ValueError):
                status = 0
            if status == DECIDED and sent_again:
                return TAKEN  # it met its own decision, whose answer was lost; the orders are counted
            if status and status < 500:
                return int(status)
            sent_again = True
            time.sleep(AGAIN_SECONDS)
        return 0


def _warehouse(card: Item) -> str:
    shown: str = next(each["value"] for each in card["fields"] if each["name"] == "warehouse")
    return shown.split()[0]
