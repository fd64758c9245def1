"""What was there at the fault, and what came of everything in the end."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import asdict, dataclass, field

from tests.chaos.installation import Installation
from tests.chaos.receiver import Receiver

UNDONE_LEAST = 200
WORK_TABLES = ("workflows_step", "messaging_delivery", "messaging_reply")
LEDGER = re.compile(r"^(\w+) +(\d+)", re.MULTILINE)
ORDERS = (
    "SELECT reference, count(*) AS n FROM purchase_orders WHERE reference LIKE 'BATON-%' GROUP BY reference"
)


@dataclass(frozen=True)
class Evidence:
    """What a fault hit: rows that waited, rows that somebody held, sockets at the receiver without an answer."""

    queued: int
    claimed: int
    open: int

    @property
    def is_enough(self) -> bool:
        """A batch is claimed as a whole: what waits in it behind the row in hand is not done either."""
        return self.queued + self.claimed >= UNDONE_LEAST and self.claimed + self.open >= 1


def evidence_now(installation: Installation, receiver: Receiver) -> Evidence:
    return Evidence(*_undone(installation), receiver.open)


def work_left(installation: Installation) -> int:
    """Rows that are not at an end and are not waiting for a person."""
    return sum(_undone(installation))


def _undone(installation: Installation) -> tuple[int, int]:
    """Rows that wait, and rows that somebody holds."""
    queued = installation.count("connectors_event WHERE state = 'new'")
    claimed = 0
    for table in WORK_TABLES:
        queued += installation.count(f"{table} WHERE available_at IS NOT NULL AND lease_owner = ''")
        claimed += installation.count(f"{table} WHERE lease_owner <> ''")
    return queued, claimed


@dataclass
class Count:
    """`lost`: accepted, and no outcome recorded, or a rule fired and nobody was shown it. `doubled`: shown twice to
    people. `repeated`: came twice to the receiver, who knew it by its key; without keys each would be a double."""

    accepted: int = 0
    shown: int = 0
    lost: int = 0
    doubled: int = 0
    repeated: int = 0
    orders: int = 0
    intended: int = 0
    unknown: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def count_all(installation: Installation, receiver: Receiver, prefix: str, accepted: set[str]) -> Count:
    """Everything named `prefix-…`. AssertionError, with the holes, where Baton's own ledger check finds any."""
    ledger = dict(LEDGER.findall(installation.manage("ledger", "--check")))
    outcomes = {
        name: (state, outcome)
        for name, state, outcome in installation.rows(
            f"SELECT source_event_id, state, outcome FROM connectors_event WHERE source_event_id LIKE '{prefix}-%'"
        )
    }
    shown = Counter(name for name in receiver.shown.values() if name.startswith(f"{prefix}-"))
    ended = {name for name in accepted if outcomes.get(name, ("new", ""))[0] != "new"}
    fired = {name for name in ended if outcomes[name] == ("planned", "matched")}
    failed = failures(installation, prefix)
    silent = fired - shown.keys() - failed
    return Count(
        accepted=len(accepted),
        shown=len(shown),
        lost=len(accepted - ended) + len(silent),
        doubled=sum(shown.values()) - len(shown),
        repeated=sum(
            times - 1 for key, times in receiver.taken.items() if receiver.shown[key].startswith(f"{prefix}-")
        ),
        unknown=int(ledger["unknown"]),
        outcomes=dict(
            Counter(outcome or state for name, (state, outcome) in outcomes.items() if name in accepted)
        ),
    )


def failures(installation: Installation, prefix: str) -> set[str]:
    """Events whose message could not be delivered: said so, on the row, with the reason."""
    found = installation.rows(
        "SELECT i.source_event_id FROM messaging_delivery d JOIN messaging_interaction i ON i.id = d.interaction_id"
        f" WHERE d.state IN ('failed', 'refused') AND d.reason <> '' AND i.source_event_id LIKE '{prefix}-%'"
    )
    return {name for (name,) in found}


def orders(installation: Installation) -> dict[str, int]:
    """Reference → how many purchase orders carry it. One order has one reference: the key of its step."""
    return {row["reference"]: row["n"] for row in installation.erp_rows(ORDERS)}
