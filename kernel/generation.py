"""Caches across processes: a writer bumps a row's number in its transaction, a reader compares before use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Generic, TypeVar

from django.db.models import F

from kernel.models import Generation
from kernel.statements import Raw

T = TypeVar("T")
_looked: ContextVar[dict[str, int] | None] = ContextVar("generations looked at", default=None)


@contextmanager
def generations_held() -> Iterator[None]:
    """Look at each generation once inside the block: for the rows of one page, read at one moment."""
    token = _looked.set({})
    try:
        yield
    finally:
        _looked.reset(token)


def generation_bump(key: str) -> None:
    looked = _looked.get()
    if looked is not None:
        looked.clear()
    if not Generation.objects.filter(pk=key).update(number=F("number") + 1):
        Generation.objects.get_or_create(pk=key, defaults={"number": 1})


def generation_number(key: str) -> int:
    looked = _looked.get()
    if looked:  # all of them were read: one that is not there was never bumped
        return looked.get(key, 0)
    known: dict[str, int] = dict(NUMBERS.rows())
    if looked is not None:
        looked |= {**dict.fromkeys((key,), 0), **known}
    return known.get(key, 0)


NUMBERS = Raw("SELECT key, number FROM kernel_generation")
"""All of them (there are a handful) by hand-written SQL: this is asked for every batch of everything."""


def generations_known(rows: Iterable[tuple[str, int]]) -> None:
    """Inside generations_held: what NUMBERS found, asked together with something else, is the look at all of them."""
    looked = _looked.get()
    if looked is not None:
        looked.update({**dict(rows), **looked})


class Cached(Generic[T]):
    """A value rebuilt when its generation has moved. One primary-key query a look."""

    def __init__(self, key: str, build: Callable[[], T]) -> None:
        self.key = key
        self.build = build
        self._held: tuple[int, T] | None = None

    def get(self) -> T:
        number = generation_number(self.key)
        held = self._held
        if held is None or held[0] != number:
            held = (number, self.build())
            self._held = held
        return held[1]

    def clear(self) -> None:
        self._held = None
