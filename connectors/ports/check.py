"""The report of a connection test, shared by both ports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kernel.text import Localized


@dataclass(frozen=True)
class CheckItem:
    """One thing that was tried. `hint` says what to do when it is not ok."""

    key: str
    label: Localized
    ok: bool
    detail: str = ""
    hint: Localized = Localized("", "")


@dataclass(frozen=True)
class CheckReport:
    """`account` names the account that answered: re-authentication refuses a different one."""

    items: tuple[CheckItem, ...]
    account: str = ""

    @property
    def ok(self) -> bool:
        return all(item.ok for item in self.items)

    def as_json(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "account": self.account,
            "items": [
                {
                    "key": item.key,
                    "label": str(item.label),
                    "ok": item.ok,
                    "detail": item.detail,
                    "hint": "" if item.ok else str(item.hint),
                }
                for item in self.items
            ],
        }
