"""One case on one installation: load, the fault at a moment that counts, and the count afterwards."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.chaos.count import Count, Evidence, count_all, evidence_now, orders, work_left
from tests.chaos.installation import Installation
from tests.chaos.load import BELOW, TAKEN, Buyer, Sender, Shelf
from tests.chaos.receiver import Receiver

EVENTS = 300
CLICKS = 2
REPEATS = 5
STRIKE_SECONDS = 12
"""How long one burst is watched for a moment at which enough of it is in hand."""
CLICK_SECONDS = 150
HALT_SECONDS = 75
"""Past the lease of a message or a step that nobody gave back."""
QUIET_LOOKS = 4
TITLE = "Low stock"


@dataclass
class Scene:
    """`evidence` is what each fault of the case hit."""

    name: str
    installation: Installation
    receiver: Receiver
    evidence: list[Evidence] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    shelves: list[Shelf] = field(default_factory=list)
    intended: int = 0
    """Orders that people decided."""
    result: Count | None = None

    def __post_init__(self) -> None:
        hooks = self.installation.hooks(self.receiver.url)
        self.sender = Sender(self.installation, *hooks[0])
        self._numbered_hook = hooks[1]
        self.buyer = Buyer(self.installation)
        self.orders_before = orders(self.installation).keys()
        self._clicks: list[Future[int]] = []

    def numbered_sender(self, quantity: int = BELOW) -> Sender:
        """To the source whose events carry a version per record; its bursts tell of that much stock."""
        return Sender(self.installation, *self._numbered_hook, quantity=quantity)

    def had(self, shelf: Shelf) -> int:
        """How many orders there were for this item before the case."""
        found = self.installation.purchase_orders(shelf.item, shelf.warehouse)
        return sum(each["reference"] in self.orders_before for each in found)

    def burst(self, events: int = EVENTS) -> None:
        self.sender.burst(self.name, events)

    def held_burst(self, events: int = EVENTS) -> None:
        """A burst whose first messages the receiver does not answer: the others queue up behind them."""
        self.receiver.hold()
        self.burst(events)

    def jammed_burst(self, events: int = EVENTS) -> None:
        """A burst that stays queued while Baton's threads are free for everything else."""
        self.receiver.jam()
        self.burst(events)

    def cards(self, count: int = CLICKS, *, buyer: Buyer | None = None, title: str = TITLE) -> None:
        """Items the buyer is asked about; to be clicked by `click`."""
        self.shelves += (buyer or self.buyer).asked(count, title)

    def click(self) -> None:
        """The buyer clicks every card that was not clicked yet, in the background."""
        self._clicks += self.buyer.click(self.shelves[len(self._clicks) :])
        self.intended = len(self._clicks)

    @contextmanager
    def struck(self, *names: str) -> Iterator[Evidence]:
        """Inside, the named processes (none: all) stand still while enough rows are queued and in hand.

        A burst that was carried too fast is followed by a larger one. AssertionError when REPEATS of them did not bring
        that about: a fault that hits nothing proves nothing.
        """
        for number in range(REPEATS):
            deadline = time.monotonic() + STRIKE_SECONDS
            while time.monotonic() < deadline:
                if not evidence_now(self.installation, self.receiver).is_enough:
                    continue
                with self.installation.frozen(*names):
                    found = evidence_now(self.installation, self.receiver)
                    if found.is_enough:
                        self.evidence.append(found)
                        yield found
                        return
            self.burst(EVENTS << number)
        raise AssertionError(f"{self.name} hit nothing in {REPEATS} tries")

    def settle(self) -> None:
        """Until everything sent is accepted and nothing is left to do. A slow machine is waited for, a halt is not."""
        self.sender.wait()
        statuses = [each.result(CLICK_SECONDS) for each in self._clicks]
        assert statuses == [TAKEN] * len(statuses), f"clicks were answered {statuses}"
        least, moved_at, quiet = sys.maxsize, time.monotonic(), 0
        while quiet < QUIET_LOOKS:
            left = work_left(self.installation)
            quiet = quiet + 1 if left == 0 else 0
            if left < least:
                least, moved_at = left, time.monotonic()
            assert time.monotonic() < moved_at + HALT_SECONDS, f"work stands still with {left} left"
            time.sleep(0.2)

    def counted(self) -> Count:
        """Settle and count; what must hold in every case is asserted here."""
        self.settle()
        count = count_all(self.installation, self.receiver, self.name, set(self.sender.accepted))
        made = {
            reference: times
            for reference, times in orders(self.installation).items()
            if reference not in self.orders_before
        }
        count.orders, count.intended = sum(made.values()), self.intended
        self.result = count
        assert (count.lost, count.doubled, count.unknown) == (0, 0, 0), count
        assert (count.orders, len(made)) == (count.intended, count.intended), made
        for shelf in self.shelves[: self.intended]:
            found = self.installation.purchase_orders(shelf.item, shelf.warehouse)
            assert [each["quantity"] for each in found][-1:] == [shelf.quantity], (shelf, found)
        return count
