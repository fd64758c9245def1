"""The queues and the timer of what Baton starts by itself (ADR 0017), registered at start-up."""

from __future__ import annotations

from kernel import doorbell
from kernel.timers import timer_register
from workflows.engine import repeats, schedules, walks


def starting_register() -> None:
    doorbell.queue_register(
        schedules.SCHEDULE_QUEUE,
        drain=schedules.schedules_drain,
        waiting=schedules.schedule_due,
        full=schedules.BATCH,
    )
    doorbell.queue_register(walks.WALK_QUEUE, drain=walks.walks_drain, waiting=walks.walk_due)
    doorbell.queue_register(
        repeats.REPEAT_QUEUE, drain=repeats.repeats_drain, waiting=repeats.repeat_due, full=repeats.BATCH
    )
    timer_register("schedules", schedules.schedules_follow)
