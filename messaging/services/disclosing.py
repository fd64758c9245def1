"""Noting what left for people, in the transaction that notes the sending: one row for a whole batch."""

from __future__ import annotations

from collections.abc import Iterable

from kernel.rows import Writes, row_new
from messaging.models import DIGEST, Delivery, Disclosure
from permissions.policies import Decision


def disclosures_note(sent: Iterable[tuple[Delivery, Decision]], writes: Writes) -> None:
    """Messages about a record of an ERP, and digests of such; what Baton tells of itself is none."""
    told = [
        [delivery.pk, sorted(decision.masked)]
        for delivery, decision in sent
        if delivery.interaction.record_id is not None or delivery.interaction.handler == DIGEST
    ]
    if told:
        writes.insert(Disclosure, [row_new(Disclosure, told=told)])
