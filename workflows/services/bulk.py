"""Many dead letters at once: stored as an operation with its items, drained in batches, each item by itself.

An item and what became of it are one transaction, so an operation that is killed anywhere goes on where it was. The
permission check is that of a single letter, asked for whoever started the operation, at that moment.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from kernel import clock, doorbell
from kernel.audit import audit_record
from kernel.doorbell import Due
from kernel.errors import BatonError, Conflict, NotFound
from kernel.live import live_publish
from kernel.work import due, work_claim, work_held, work_is_late
from permissions.models import User
from workflows.models import BulkItem, BulkItemState, BulkOperation, BulkState
from workflows.selectors.letters import LETTERS
from workflows.services.letters import Replay, letter_act

BULK_QUEUE = "bulk"
BATCH = 50
MOST_LETTERS = 10_000


def letters_all(actor: User) -> list[tuple[str, int]]:
    """Every letter this person may list, the newest of each kind first; MOST_LETTERS at the most."""
    found = [
        (kind, pk)
        for kind, rows in LETTERS.items()
        for pk in rows(actor).order_by("-pk").values_list("pk", flat=True)[:MOST_LETTERS]
    ]
    return found[:MOST_LETTERS]


def bulk_start(actor: User, act: str, letters: Iterable[tuple[str, int]], how: Replay) -> BulkOperation:
    """Store the operation and ring. Raises Conflict when there is nothing to do, or too much at once."""
    chosen = list(dict.fromkeys(letters))
    if not chosen:
        raise Conflict(_("Choose at least one dead letter."))
    if len(chosen) > MOST_LETTERS:
        raise Conflict(_("At most %(count)s at a time.") % {"count": MOST_LETTERS})
    with transaction.atomic():
        operation = BulkOperation.objects.create(
            actor=actor, act=act, settings=how.as_json(), total=len(chosen), available_at=clock.now()
        )
        BulkItem.objects.bulk_create(
            [BulkItem(operation=operation, kind=kind, letter_id=pk) for kind, pk in chosen], batch_size=1_000
        )
        audit_record(actor, f"letters.{act}", operation, str(len(chosen)), **how.as_json())
        doorbell.ring(BULK_QUEUE)
    return operation


def visible_bulk(user: User) -> QuerySet[BulkOperation]:
    """A person's own operations: nobody else is shown which letters they were."""
    return BulkOperation.objects.filter(actor=user)


def bulk_cancel(actor: User, pk: int) -> BulkOperation:
    """Leave the rest of the items alone. Raises NotFound, and Conflict when it has ended."""
    with transaction.atomic():
        found = visible_bulk(actor).filter(pk=pk)
        operation = found.select_for_update(of=("self",), no_key=True).first()
        if operation is None:
            raise NotFound(_("There is no such operation."))
        if operation.state != BulkState.RUNNING:
            raise Conflict(_("This operation has ended."))
        _end(operation, BulkState.CANCELLED)
        audit_record(actor, "letters.cancelled", operation, f"{operation.done}/{operation.total}")
    return operation


def bulk_due(now: dt.datetime) -> Due:
    return [BulkOperation.objects.filter(due(now))]


def bulk_drain() -> int:
    """One batch of one operation. Returns how many items were handled, and one more for the operation itself."""
    handled = 0
    for operation in work_claim(BulkOperation.objects.select_related("actor"), limit=1):
        handled += 1
        waiting = operation.items.filter(state=BulkItemState.WAITING).order_by("id")
        for item in list(waiting[:BATCH]):
            if work_is_late(operation) or not _item_work(operation, item):
                return handled
            handled += 1
        _batch_finish(operation)
    return handled


def _item_work(operation: BulkOperation, item: BulkItem) -> bool:
    """Act on one letter; False when the operation is not ours any more (cancelled, or taken over)."""
    try:
        with transaction.atomic(), translation.override(operation.actor.language):
            if not work_held(operation):
                return False
            how = Replay(**operation.settings)
            letter_act(operation.actor, operation.act, item.kind, item.letter_id, how)
            _item_end(operation, item, BulkItemState.DONE, "")
    except BatonError as error:
        reason = error.message
    except (OperationalError, InterfaceError):
        raise  # a database that fails is no letter's fault: the operation goes on when its lease has ended
    except Exception as error:  # a defect of ours with this letter: said on it, and the others are worked
        reason = f"{error.__class__.__name__}: {error}"[:2000]
    else:
        return True
    with transaction.atomic():
        if not work_held(operation):
            return False
        _item_end(operation, item, BulkItemState.REFUSED, reason)
    return True


def _item_end(operation: BulkOperation, item: BulkItem, state: str, reason: str) -> None:
    item.state, item.reason = state, reason
    item.save(update_fields=["state", "reason"])
    counter = "done" if state == BulkItemState.DONE else "refused"
    BulkOperation.objects.filter(pk=operation.pk).update(**{counter: F(counter) + 1})


def _batch_finish(operation: BulkOperation) -> None:
    with transaction.atomic():
        if not work_held(operation):
            return
        operation.refresh_from_db(fields=["done", "refused"])
        if operation.items.filter(state=BulkItemState.WAITING).exists():
            operation.attempts = 0
            operation.lease_release(clock.now())
            operation.save(update_fields=["available_at", "lease_until", "lease_owner", "attempts"])
            _tell(operation)
        else:
            _end(operation, BulkState.DONE)


def _end(operation: BulkOperation, state: str) -> None:
    operation.state, operation.ended_at = state, clock.now()
    operation.lease_release(None)
    operation.save(update_fields=["state", "ended_at", "available_at", "lease_until", "lease_owner"])
    _tell(operation)


def _tell(operation: BulkOperation) -> None:
    live_publish(f"user-{operation.actor_id}", type="bulk", id=operation.pk)
