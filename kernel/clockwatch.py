"""A clock that was set back by more than a moment: what waits for a time must not wait until that time comes again.

The newest time any sweep has seen is a row. A sweep that sees an earlier one brings forward what is due later, by as
much. A clock set forward needs nothing: leases and pauses end early, which costs a try, and a late result counts no more.
"""

from __future__ import annotations

import datetime as dt
import logging
import time

from django.apps import apps
from django.db import transaction
from django.db.models import F

from kernel import clock
from kernel.models import Generation
from kernel.work import WorkRow

MARK = "clock"
STEP_SECONDS = 60
logger = logging.getLogger(__name__)


class Jumps:
    """Whether the wall clock moved otherwise than time passed, since the last question.

    A step forward that is not noted at once would hide a step back that follows: it would seem to be no step at all.
    """

    def __init__(self) -> None:
        self._lead: float | None = None

    def jumped(self) -> bool:
        lead = clock.now().timestamp() - time.monotonic()
        before, self._lead = self._lead, lead
        return before is not None and abs(lead - before) >= STEP_SECONDS


def clock_watch() -> float:
    """Note the time, or mend what a step back did. Returns by how many seconds the clock was set back, 0 mostly."""
    seconds = int(clock.now().timestamp())
    if Generation.objects.filter(pk=MARK, number__lte=seconds).update(number=seconds):
        return 0.0
    with transaction.atomic():
        mark, is_new = Generation.objects.select_for_update().get_or_create(
            pk=MARK, defaults={"number": seconds}
        )
        back = mark.number - seconds
        if is_new or back < STEP_SECONDS:
            return 0.0
        logger.warning("the clock was set back by %s s; what waits is brought forward", back)
        _bring_forward(dt.timedelta(seconds=back))
        Generation.objects.filter(pk=MARK).update(number=seconds)
    return float(back)


def _bring_forward(back: dt.timedelta) -> None:
    now = clock.now()
    for model in apps.get_models():
        if not issubclass(model, WorkRow) or model.waits_by_calendar:
            continue
        waiting = model._default_manager.filter(available_at__gt=now)
        waiting.filter(available_at__lte=now + back).update(available_at=now)
        waiting.filter(available_at__gt=now + back).update(available_at=F("available_at") - back)
