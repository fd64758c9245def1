"""Cache invalidation across processes: bump a row's number in the writer's transaction, compare before use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from django.db.models import F

from kernel.models import Generation

T = TypeVar("T")


def generation_bump(key: str) -> None:
    if not Generation.objects.filter(pk=key).update(number=F("number") + 1):
        Generation.objects.get_or_create(pk=key, defaults={"number": 1})


def generation_number(key: str) -> int:
    return Generation.objects.filter(pk=key).values_list("number", flat=True).first() or 0


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
