"""The fixed list of rules every connector answers for in its quality.yaml, and how that file is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]

STATIC_RULES = {
    "manifest": "The manifest is complete, in both languages, and marks its secrets.",
    "readme": "README.md tells an administrator how to set it up.",
}
RULES = {
    **STATIC_RULES,
    "secrets_hidden": "No secret in repr, str, a check report, an exception or a log.",
    "check_never_raises": "check() reports; it never raises, whatever is at the other end.",
    "auth_failed": "A refused credential (401) is AuthFailed.",
    "rate_limited": "429 is RateLimited with its delay.",
    "error_in_200": "An error inside a success is Rejected, in the other side's words.",
    "read_transient": "5xx, reset and time-out on a read are Transient.",
    "write_unknown": "5xx, reset and time-out once a write has left are OutcomeUnknown, tried once.",
    "write_transient": "A write that certainly never left is Transient.",
    "base_path": "The path prefix of the configured address is kept.",
    "inbound_forged": "A missing or wrong proof is refused.",
    "inbound_stale": "An old proof is refused.",
    "inbound_replay": "A replayed request is refused or recognised by its event id.",
    "write_once": "The same write with the same key happens once, and is found again.",
    "update_once": "Fields are changed once, only where they are still as expected, and only those that may be.",
    "poll_complete": "Paging walks every record exactly once, also with equal timestamps at page borders.",
}


def folder(key: str) -> Path:
    return ROOT / "connectors" / key.replace(".", "/")


def quality_load(key: str) -> dict[str, Any]:
    """Rule → "done", {"exempt": reason} or {"todo": what}. Asserts that it is complete and well formed."""
    document = yaml.safe_load((folder(key) / "quality.yaml").read_text(encoding="utf-8"))
    assert set(document) == {"rules"}, f"{key}: quality.yaml has one top-level key, `rules`"
    rules: dict[str, Any] = document["rules"]
    assert list(rules) == list(RULES), f"{key}: quality.yaml names every rule, in order"
    for name, state in rules.items():
        if state == "done":
            continue
        assert isinstance(state, dict) and len(state) == 1, (
            f"{key}: {name} is done, {{exempt: …}} or {{todo: …}}"
        )
        ((kind, reason),) = state.items()
        assert kind in ("exempt", "todo") and isinstance(reason, str) and len(reason) > 10, f"{key}: {name}"
    return rules
