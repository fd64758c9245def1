"""What the administration's templates need: times to the millisecond, durations, states, stored words."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any, Final

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from kernel.badges import badge as badge_html
from kernel.text import text_show

register = template.Library()

DURATIONS: Final = {
    "noticed": gettext_lazy("Noticed after"),
    "asked": gettext_lazy("First message after"),
    "carried_out": gettext_lazy("Answer to ERP and back"),
    "total": gettext_lazy("From change to end"),
}
ATTEMPTS: Final = {
    "ask": gettext_lazy("asked"),
    "done": gettext_lazy("done"),
    "refused": gettext_lazy("refused"),
    "wait": gettext_lazy("not decided yet"),
    "transient": gettext_lazy("did not answer"),
    "rate_limited": gettext_lazy("too fast, waited"),
    "outcome_unknown": gettext_lazy("did not confirm"),
    "auth_failed": gettext_lazy("credential refused"),
    "permission_denied": gettext_lazy("not allowed"),
    "not_found": gettext_lazy("not found"),
    "rejected": gettext_lazy("refused"),
    "conflict": gettext_lazy("somebody was first"),
    "config": gettext_lazy("needs an administrator"),
    "defect": gettext_lazy("a defect in Baton"),
    "": gettext_lazy("under way"),
}
AUDIT: Final = {
    "rule.created": gettext_lazy("made"),
    "rule.edited": gettext_lazy("draft changed"),
    "rule.published": gettext_lazy("published"),
    "rule.switched_off": gettext_lazy("switched off"),
    "rule.loop": gettext_lazy("stopped as a runaway loop"),
    "rule.tested": gettext_lazy("test message sent"),
    "rule.four_eyes": gettext_lazy("approval by a second person"),
    "rule.approval_asked": gettext_lazy("approval asked for"),
    "rule.approval_approved": gettext_lazy("approved"),
    "rule.approval_refused": gettext_lazy("approval refused"),
    "rule.flood": gettext_lazy("stopped: more often than forecast"),
    "rule.launched": gettext_lazy("launch step changed"),
    "rule.switched_on": gettext_lazy("switched on"),
    "object.shared": gettext_lazy("shared"),
    "object.unshared": gettext_lazy("no longer shared"),
    "connection.registered": gettext_lazy("registered"),
    "connection.changed": gettext_lazy("settings changed"),
    "connection.checked": gettext_lazy("tested"),
    "connection.paused": gettext_lazy("paused"),
    "connection.resumed": gettext_lazy("resumed"),
    "connection.auth_failed": gettext_lazy("credential refused"),
    "connection.hook_token_renewed": gettext_lazy("new hook token"),
    "connection.recording_started": gettext_lazy("recording started"),
    "connection.recording_stopped": gettext_lazy("recording stopped"),
}


@register.simple_tag
def badge(state: str, words: Any) -> SafeString:
    return badge_html(state, words)


@register.filter
def duration(seconds: float | None) -> str:
    """0.0421 → "42 ms", 3.2 → "3.2 s", 4000 → "1 h 6 min"."""
    if seconds is None:
        return "–"
    if abs(seconds) < 1:
        return f"{seconds * 1000:.0f} ms"
    if abs(seconds) < 120:
        return f"{seconds:.1f} s"
    minutes, _rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return _("%(days)s d %(hours)s h") % {"days": days, "hours": hours}
    if hours:
        return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes}
    return _("%(minutes)s min") % {"minutes": minutes}


@register.filter
def precise(moment: dt.datetime | None) -> str:
    """The reader's local time to the millisecond; with the date when it is not today's."""
    if not moment:
        return "–"
    local = timezone.localtime(moment)
    clock = f"{local:%H:%M:%S}.{local.microsecond // 1000:03d}"
    return (
        clock
        if local.date() == timezone.localdate()
        else f"{date_format(local, 'SHORT_DATE_FORMAT')} {clock}"
    )


@register.filter
def moment(value: dt.datetime | None) -> str:
    """The reader's local date and time."""
    return date_format(timezone.localtime(value), "SHORT_DATETIME_FORMAT") if value else "–"


@register.filter
def stored(text: str) -> str:
    """A stored reason in the reader's language."""
    return text_show(text)


@register.filter
def pretty(value: Any) -> str:
    """JSON with indents."""
    return json.dumps(value, ensure_ascii=False, indent=2)


@register.simple_tag
def duration_label(key: str) -> str:
    return str(DURATIONS.get(key, key))


@register.simple_tag
def attempt_words(outcome: str) -> str:
    return str(ATTEMPTS.get(outcome, outcome))


@register.simple_tag
def audit_words(action: str) -> str:
    return str(AUDIT.get(action, action))


@register.simple_tag
def verdict(value: str) -> str:
    words = {
        "true": pgettext("verdict", "true"),
        "false": pgettext("verdict", "false"),
        "unknown": pgettext("verdict", "unknown"),
    }
    return words.get(value, value)


TYPES: Final = {
    "text": gettext_lazy("text"),
    "integer": gettext_lazy("whole number"),
    "decimal": gettext_lazy("decimal number"),
    "boolean": gettext_lazy("yes or no"),
    "date": gettext_lazy("date"),
    "datetime": gettext_lazy("time"),
    "code": gettext_lazy("code"),
    "list": gettext_lazy("list"),
}


@register.simple_tag
def type_words(name: str) -> str:
    return str(TYPES.get(name, name))


@register.filter
def key_text(key: Any) -> str:
    """The key of a mapping as one text: several paths with commas."""
    return ", ".join(key) if isinstance(key, list) else str(key or "")


@register.filter
def report_items(report: Any) -> list[dict[str, Any]]:
    """The items of a stored connection test; `items` in a template would be the dict's own."""
    return list(report.get("items", ())) if isinstance(report, dict) else []
