"""A state as a coloured word, alike on every page of the administration."""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

MOODS = {
    "acted": "good",
    "delivered": "good",
    "suppressed": "plain",
    "no_match": "plain",
    "no_rule": "plain",
    "superseded": "plain",
    "expired": "wait",
    "needs_mapping": "wait",
    "in_progress": "wait",
    "failed": "bad",
    "unknown": "bad",
    "live": "good",
    "draft": "plain",
    "off": "wait",
    "loop": "bad",
    "flood": "bad",
    "active": "good",
    "paused": "wait",
    "auth_failed": "bad",
    "running": "wait",
    "equal": "good",
    "suspect": "wait",
    "hole": "bad",
    "waiting": "wait",
    "done": "good",
    "cancelled": "plain",
    "ready": "wait",
    "sent": "good",
    "unconfirmed": "wait",
    "refused": "bad",
    "dead": "bad",
    "skipped": "plain",
    "open": "wait",
    "working": "wait",
    "decided": "good",
    "new": "wait",
    "planned": "good",
    "blocked": "bad",
}
"""State → mood: good, bad, wait or plain. One meaning per word in every table."""


def badge(state: str, words: Any) -> SafeString:
    """The words tell the state without the colour, too."""
    return format_html('<span class="b-badge b-{}">{}</span>', MOODS.get(state, "plain"), words)
