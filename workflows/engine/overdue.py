"""Deadlines: no run stays "running" or "waiting" for ever. What is overdue ends in a state with a reason and a way on.

- A question ends when its time is over, after QUESTION_SECONDS where the rule names none (messaging/services/expiry.py).
- A step is tried for GIVE_UP_DAYS, also one the ERP has taken and never decides (workflows/engine/finish.py).
- A step whose workers end again and again is not begun once more (workflows/engine/execute.py).
- A run in which nothing is left that anybody would look at ends after ORPHAN_SECONDS.

Dead letters are replayed by a person.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_noop

from kernel import clock
from kernel.every import Every
from kernel.live import live_publish
from kernel.text import localized, text_store
from workflows.engine.finish import run_end
from workflows.models import Run, RunState, Step, StepState
from workflows.selectors.holes import runs_orphaned

OVERDUE_QUEUE = "overdue"
ORPHAN_SECONDS = 3600.0
BATCH = 100
_look = Every(60.0)


def overdue_is_due() -> bool:
    """Looks once a minute: it reads every run that has not ended."""
    return _look.is_time() and _orphans().exists()


def overdue_drain() -> int:
    """End a batch of runs nobody would ever look at again. Returns how many."""
    return sum(_run_end(pk) for pk in list(_orphans().order_by("pk").values_list("pk", flat=True)[:BATCH]))


def _orphans() -> QuerySet[Run]:
    since = clock.now() - dt.timedelta(seconds=ORPHAN_SECONDS)
    return runs_orphaned(Run.objects.all()).filter(started_at__lt=since)


def _run_end(pk: int) -> bool:
    with transaction.atomic():
        run = Run.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)
        step = (
            Step.objects.select_for_update(of=("self",), no_key=True).filter(run=run).order_by("-pk").first()
        )
        if not runs_orphaned(Run.objects.filter(pk=pk)).exists():
            return False
        reason = text_store(
            localized(gettext_noop("It had not ended, and nothing was left that would have carried it on."))
        )
        if step is not None:
            Step.objects.filter(pk=step.pk).update(state=StepState.DEAD, reason=reason, ended_at=clock.now())
        run_end(run, RunState.FAILED, "overdue", reason)
        live_publish("staff", type="run", id=pk)
    return True
