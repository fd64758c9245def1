"""Draining back-tests: a slice of recorded events at a time, in one transaction each, so that any worker can go on."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, Min

from connectors.models import Event
from kernel import clock, doorbell
from kernel.doorbell import Due
from kernel.errors import BatonError
from kernel.generation import generations_held
from kernel.live import live_publish
from kernel.work import due, work_claim
from workflows.catalog import ACTIONS
from workflows.engine.backtest_figures import figures
from workflows.engine.firing import Memory
from workflows.engine.recorded import Eyes, events_recorded, occurrences
from workflows.engine.rehearsal import Occurrence, Rehearsal, compile_definition
from workflows.models import BackTest, BackTestHit, BackTestState, Rule

BACKTEST_QUEUE = "backtest"
CHUNK = 1_000
SLICE_SECONDS = 4.0
DRAFT, PUBLISHED = "draft", "published"
OPEN = (BackTestState.WAITING, BackTestState.RUNNING)
logger = logging.getLogger(__name__)


def backtest_due(now: dt.datetime) -> Due:
    return [BackTest.objects.filter(due(now))]


def backtest_drain() -> int:
    """Replay one slice of one back-test. Returns how many rows were worked."""
    claimed = work_claim(
        BackTest.objects.select_related("rule__connection", "rule__owner", "published"), limit=1
    )
    for row in claimed:
        try:
            with generations_held():
                _slice(row)
        except BatonError as error:
            _end(row, BackTestState.FAILED, error.message)
        except Exception as error:  # a defect of ours: kept on the row, for its maker to see
            logger.exception("back-test %s", row.pk)
            _end(row, BackTestState.FAILED, f"{error.__class__.__name__}: {error}"[:2000])
    return len(claimed)


def _slice(row: BackTest) -> None:
    replay = Replay(row)
    started = time.monotonic()
    events = events_recorded(row.rule.connection_id, replay.draft.compiled.about.name, started_at(row))
    position, done = row.position, row.done
    while position < row.until_id:
        chunk = events.filter(pk__gt=position, pk__lte=row.until_id).order_by("pk")[:CHUNK]
        found = list(occurrences(chunk))
        for each in found:
            replay.one(each)
        done += len(found)
        position = max((each.id for each in found), default=row.until_id)
        if time.monotonic() - started > SLICE_SECONDS:
            break
    _commit(row, replay, position, done)


def started_at(row: BackTest) -> dt.datetime:
    return row.asked_at - dt.timedelta(days=row.days)


def _commit(row: BackTest, replay: Replay, position: int, done: int) -> None:
    """What the slice found, with where it stopped. Nothing is stored for a claim that is no longer ours."""
    with transaction.atomic():
        locked = BackTest.objects.select_for_update(of=("self",), no_key=True).get(pk=row.pk)
        if locked.lease_owner != row.lease_owner or locked.state not in OPEN:
            return
        BackTestHit.objects.bulk_create(replay.hits, batch_size=2_000)
        locked.state, locked.position, locked.done = BackTestState.RUNNING, position, done
        locked.left_out += replay.left_out
        locked.held = dict(Counter(locked.held) + replay.held)
        locked.memory = replay.remembered()
        locked.attempts = 0
        locked.lease_release(clock.now())
        if position >= locked.until_id:
            locked.state, locked.memory, locked.ended_at = BackTestState.DONE, {}, clock.now()
            locked.summary = figures(locked)
            locked.lease_release(None)
        locked.save()
        live_publish(f"user-{locked.asked_by_id}", type="backtest", id=locked.pk)
        doorbell.ring(BACKTEST_QUEUE)


def _end(row: BackTest, state: str, reason: str) -> None:
    BackTest.objects.filter(pk=row.pk, state__in=OPEN).update(
        state=state, reason=reason, ended_at=clock.now(), available_at=None, lease_until=None, lease_owner=""
    )


class Replay:
    """The definition being tested, beside the published one, over the same events."""

    def __init__(self, row: BackTest) -> None:
        self.row, rule = row, row.rule
        self.draft = Rehearsal(rule, compile_definition(rule, row.definition), _memory(row, DRAFT))
        self.published = _published(row, rule, self.draft)
        compiled = self.draft.compiled
        definitions = [each.compiled.definition for each in (self.draft, self.published) if each is not None]
        self.eyes = Eyes(row.asked_by, compiled.about, rule.connection_id, *definitions)
        self.hits: list[BackTestHit] = []
        self.left_out = 0
        self.held: Counter[str] = Counter()

    def one(self, found: Occurrence) -> None:
        may_know = self.eyes.may_know(found)
        self.left_out += not may_know
        data = self.draft.prepare(found)
        for side, rehearsal in ((DRAFT, self.draft), (PUBLISHED, self.published)):
            if rehearsal is None:
                continue
            judged = rehearsal.judge(found, data)
            if judged is None:
                continue
            held = judged.decided.reason
            if judged.decided.fires:
                held = self._fired(side, rehearsal, found, may_know)
            if held and side == DRAFT and may_know:
                self.held[held] += 1

    def _fired(self, side: str, rehearsal: Rehearsal, found: Occurrence, may_know: bool) -> str:
        record = rehearsal.record(found)
        if not rehearsal.owner_sees(record):
            return "owner"
        told = False
        for number, each in enumerate(rehearsal.steps(found)):
            if not ACTIONS.get(each.spec.action).asks:
                continue
            audience = rehearsal.audience(found, record, each.spec)
            for target in audience.targets:
                told = True
                if may_know:
                    self._hit(side, found, number, target.user.pk, target.connection.pk)
        if told:
            rehearsal.delivered(found)
        elif may_know:
            self._hit(side, found, 0, None, None)
        return "" if told else "nobody"

    def _hit(self, side: str, found: Occurrence, step: int, user: int | None, channel: int | None) -> None:
        self.hits.append(
            BackTestHit(
                backtest_id=self.row.pk,
                side=side,
                event_id=found.id,
                key=found.key,
                at=found.at,
                step=step,
                user_id=user,
                channel_id=channel,
            )
        )

    def remembered(self) -> dict[str, Any]:
        return {
            side: {key: _stored(each) for key, each in rehearsal.memory.items()}
            for side, rehearsal in ((DRAFT, self.draft), (PUBLISHED, self.published))
            if rehearsal is not None
        }


def _published(row: BackTest, rule: Rule, draft: Rehearsal) -> Rehearsal | None:
    """None where nothing is published, or what is watches another kind of record."""
    if row.published is None:
        return None
    compiled = compile_definition(rule, row.published.definition)
    if compiled.about is not draft.compiled.about:
        return None
    return Rehearsal(rule, compiled, _memory(row, PUBLISHED))


def _memory(row: BackTest, side: str) -> dict[str, Memory]:
    stored: Mapping[str, list[Any]] = row.memory.get(side, {})
    return {
        key: Memory(armed, _moment(fired), _moment(first)) for key, (armed, fired, first) in stored.items()
    }


def _stored(memory: Memory) -> list[Any]:
    moments = (memory.fired_at, memory.first_delivered_at)
    return [memory.armed, *(each.isoformat() if each else None for each in moments)]


def _moment(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None


def events_between(connection_id: int, object_name: str, since: dt.datetime) -> tuple[int, int, int]:
    """(how many, the id before the first, the last id) of the events a back-test replays."""
    found = events_recorded(connection_id, object_name, since).aggregate(
        count=Count("pk"), first=Min("pk"), last=Max("pk")
    )
    return found["count"], (found["first"] or 1) - 1, found["last"] or 0


def recorded_first(connection_id: int, object_name: str) -> dt.datetime | None:
    """When the oldest event of the object was detected."""
    oldest = Event.objects.filter(connection_id=connection_id, object=object_name).order_by("pk")
    return oldest.values_list("detected_at", flat=True).first()
