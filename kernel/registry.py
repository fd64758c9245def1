"""A typed registry: key → lazily loaded object. Catalogs are one line an entry, checked at start-up."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar, cast

from kernel.errors import ConfigError

T = TypeVar("T")


class Registry(Generic[T]):
    """Maps a key to a dotted path `package.module:attribute`, imported at first use.

    Raises ConfigError for an unknown key (naming those that exist) or a path that does not load.
    """

    def __init__(self, what: str, entries: Mapping[str, str]) -> None:
        self.what = what
        self._paths = dict(entries)
        self._loaded: dict[str, T] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._paths

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def get(self, key: str) -> T:
        if key not in self._loaded:
            if key not in self._paths:
                raise ConfigError(f"Unknown {self.what} “{key}”. Known: {', '.join(sorted(self._paths))}.")
            module_name, _, attribute = self._paths[key].partition(":")
            try:
                self._loaded[key] = cast(T, getattr(importlib.import_module(module_name), attribute))
            except (ImportError, AttributeError) as error:
                raise ConfigError(f"The {self.what} “{key}” does not load: {error}.") from error
        return self._loaded[key]

    def items(self) -> Iterator[tuple[str, T]]:
        for key in self._paths:
            yield key, self.get(key)

    def check(self) -> None:
        """Load every entry once: a broken catalog line stops the start, not the first message."""
        for key in self._paths:
            self.get(key)
