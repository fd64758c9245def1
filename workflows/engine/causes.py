"""Causation: events know the run whose write caused them.

Before a write leaves, its idempotency key and the record it is about are stored as footprints; once it is done, the
document's key and number are. An event that shows one of them was caused by that run:

- certain: it shows the key, or is the first sight of the document;
- inferred: a later change of the document, or any change of the record, within WINDOW_SECONDS of the write. Somebody
  else may have changed it in that time.

`Event.causes` is the chain, oldest first, the newest CHAIN_MOST links of it:

    [{"run": 5, "rule": 2, "stops": 0, "event": 17, "by_person": false, "link": "certain"}, …]

`link` tells how the event after it was recognised. `Event.depth` is how long the chain is, however long it was cut.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db import transaction

from connectors.models import Event, Record
from kernel import clock
from kernel.every import Every
from kernel.statements import Select
from workflows.models import Footprint, FootprintKind, Run, Step

FOOTPRINT_QUEUE = "footprints"
WINDOW_SECONDS = 120.0
SLACK_SECONDS = 30.0
KEEP_DAYS = 30
CHAIN_MOST = 40
PRUNED = 1000
CERTAIN, INFERRED = "certain", "inferred"
FOOTPRINTS = Select(Footprint, "token {any} AND until_at >= %s", tail="ORDER BY made_at, id")
RecordKey = tuple[int, str, str]
_look = Every(60.0)
_KEY = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")


def footprints_wanted(events: Sequence[Event]) -> tuple[list[str], dt.datetime]:
    """What FOOTPRINTS is asked with for a batch of unplanned events."""
    tokens = {token for event in events for token in _tokens(event)}
    return sorted(tokens), min(event.detected_at for event in events)


def causes_attach(
    events: Sequence[Event], records: Mapping[RecordKey, Record], found: Sequence[Footprint]
) -> None:
    """Find for a batch the runs that caused them, from what FOOTPRINTS `found`. A query only where it found some."""
    if not found:
        return
    showing: dict[str, list[Event]] = {}
    for event in events:
        for token in _tokens(event):
            showing.setdefault(token, []).append(event)
    caused: dict[int, Event] = {}
    for footprint in found:
        for event in showing.get(footprint.token, ()):
            record = records.get((event.connection_id, event.object, event.key))
            is_new = event.change == "created" or record is None or record.planned_event_id is None
            link = _link(footprint, event, is_new)
            if link == CERTAIN or (link == INFERRED and cause_link(event) != CERTAIN):
                _cause(event, footprint, link)
                caused[event.pk] = event
    if caused:
        Event.objects.bulk_update(caused.values(), ["cause_run_id", "depth", "causes"])


def _tokens(event: Event) -> Iterator[str]:
    yield record_token(event.connection_id, event.object, event.key)
    for value in (event.after or {}).values():
        if isinstance(value, str) and len(value) >= 32:
            for key in _KEY.findall(value):
                yield reference_token(key)


def record_token(connection_id: int, object_name: str, key: str) -> str:
    return f"{connection_id}:{object_name}:{key}"[:300]


def reference_token(key: str) -> str:
    return f"key:{key}"


def _link(footprint: Footprint, event: Event, is_new: bool) -> str:
    if footprint.kind != FootprintKind.RECORD and is_new:
        return CERTAIN
    since = footprint.made_at - dt.timedelta(seconds=SLACK_SECONDS)
    until = footprint.made_at + dt.timedelta(seconds=WINDOW_SECONDS)
    return INFERRED if since <= event.detected_at <= until else ""


def cause_link(event: Event) -> str:
    """How the event's cause was recognised: CERTAIN or INFERRED; empty when none is known."""
    return str(event.causes[-1]["link"]) if event.causes else ""


def _cause(event: Event, footprint: Footprint, link: str) -> None:
    *earlier, last = footprint.chain
    event.causes = [*earlier, {**last, "link": link}][-CHAIN_MOST:]
    event.cause_run_id, event.depth = footprint.run_id, last["depth"]


def footprints_sent(step: Step) -> None:
    """A write is about to leave: inside the transaction that stores so."""
    event = step.run.event
    signs = [
        (FootprintKind.REFERENCE, reference_token(step.idempotency_key.hex)),
        (FootprintKind.RECORD, record_token(event.connection_id, event.object, event.key)),
    ]
    _footprints_store(step, signs)


def footprints_written(step: Step) -> None:
    """The write is done and its document is known; it may have been read, even planned, before this."""
    object_name = step.output.get("sent", {}).get("object")
    known = sorted({str(step.output[name]) for name in ("key", "number") if step.output.get(name)})
    if not known or not object_name or step.sent_at is None:
        return
    connection_id = step.run.rule.connection_id
    signs = [(FootprintKind.DOCUMENT, record_token(connection_id, object_name, name)) for name in known]
    footprint = _footprints_store(step, signs)[0]
    early = Event.objects.filter(
        connection_id=connection_id,
        object=object_name,
        key__in=known,
        change="created",
        cause_run_id__isnull=True,
        detected_at__gte=step.sent_at - dt.timedelta(seconds=SLACK_SECONDS),
    )
    found = list(early)
    for event in found:
        _cause(event, footprint, CERTAIN)
    Event.objects.bulk_update(found, ["cause_run_id", "depth", "causes"])


def _footprints_store(step: Step, signs: Sequence[tuple[str, str]]) -> list[Footprint]:
    now = clock.now()
    made = [
        Footprint(
            run_id=step.run_id,
            kind=kind,
            token=token,
            chain=_chain(step),
            by_person=step.person_id is not None,
            made_at=now,
            until_at=now + _kept(kind),
        )
        for kind, token in signs
    ]
    Footprint.objects.bulk_create(
        made,
        update_conflicts=True,
        unique_fields=["run", "token"],
        update_fields=["chain", "by_person", "made_at", "until_at"],
    )
    return made


def _kept(kind: str) -> dt.timedelta:
    if kind == FootprintKind.RECORD:
        return dt.timedelta(seconds=WINDOW_SECONDS)
    return dt.timedelta(days=KEEP_DAYS)


def _chain(step: Step) -> list[dict[str, Any]]:
    """What led to the run, as the rows say now, and the run itself."""
    run = (
        Run.objects.select_related("event")
        .only("stops", "rule_id", "trace", "event__causes", "event__depth")
        .get(pk=step.run_id)
    )
    links = [*_starters(run), _link_of(run, by_person=step.person_id is not None)]
    return [
        *(run.event.causes or ()),
        *({**each, "depth": run.event.depth + at} for at, each in enumerate(links, start=1)),
    ]


def _link_of(run: Run, *, by_person: bool) -> dict[str, Any]:
    return {
        "run": run.pk,
        "rule": run.rule_id,
        "stops": run.stops or 0,
        "event": run.event_id,
        "by_person": by_person,
    }


def _starters(run: Run) -> list[dict[str, Any]]:
    """The runs that started this one for the same event, the first of them first. What it does is their doing too."""
    found: list[dict[str, Any]] = []
    starter = run.trace.get("started_by")
    while starter is not None and len(found) < CHAIN_MOST:
        before = Run.objects.only("stops", "rule_id", "event_id", "trace").filter(pk=starter).first()
        if before is None:
            break
        found.insert(0, {**_link_of(before, by_person=False), "link": CERTAIN})
        starter = before.trace.get("started_by")
    return found


def footprints_are_due() -> bool:
    return _look.is_time() and Footprint.objects.filter(until_at__lt=clock.now()).exists()


def footprints_prune() -> int:
    """Drop a batch of what no event is compared with any more. Returns how many."""
    with transaction.atomic():
        old = Footprint.objects.filter(until_at__lt=clock.now()).select_for_update(skip_locked=True)
        return Footprint.objects.filter(pk__in=[each.pk for each in old.only("pk")[:PRUNED]]).delete()[0]
