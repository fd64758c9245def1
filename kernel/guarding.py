"""What surrounds every task: a database session that works before it, and nothing kept from others after it failed.

Celery keeps a thread's session for hundreds of tasks. One that the database has ended (a restart, a cut line) would
make each of them fail: it is noticed here, before the next task.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import connections

from kernel.work import claims_noted

P = ParamSpec("P")
R = TypeVar("R")


def guarded(task: Callable[P, R]) -> Callable[P, R]:
    """The task with its surroundings; whatever it raises is raised."""

    @functools.wraps(task)
    def surrounded(*args: P.args, **options: P.kwargs) -> R:
        sessions_renew()
        with claims_noted():
            return task(*args, **options)

    return surrounded


def sessions_renew() -> None:
    """Leave sessions of this thread that are broken or too old; the next query opens a new one."""
    for each in connections.all(initialized_only=True):
        if not each.in_atomic_block:  # a test's; a task begins outside of any
            each.close_if_unusable_or_obsolete()
