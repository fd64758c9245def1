"""Rights on the objects we own, for rooms below permissions/, which answers: bound once at start-up."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from django.db import models

from kernel.errors import ConfigError

M = TypeVar("M", bound=models.Model)


class Access(Protocol):
    """`action` is view, change, operate …, held for all objects of a kind or for one of them."""

    def visible_objects(
        self, user: Any, queryset: models.QuerySet[M], action: str = "view"
    ) -> models.QuerySet[M]: ...

    def may_object(self, user: Any, action: str, obj: models.Model) -> bool: ...

    def may_any(self, user: Any, action: str, model: type[models.Model]) -> bool: ...


_bound: Access | None = None


def access_bind(found: Access) -> None:
    global _bound
    _bound = found


def access() -> Access:
    """Raises ConfigError before the start-up has bound one."""
    if _bound is None:
        raise ConfigError("Nobody answers for permissions: the permissions app is not installed.")
    return _bound
