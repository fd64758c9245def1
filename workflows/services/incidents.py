"""Telling the owner of a rule that fails: once for an incident, however many of its runs fail."""

from __future__ import annotations

import datetime as dt

from django.db.models import Count, Max
from django.utils.translation import gettext_noop

from kernel import clock
from kernel.text import Localized, localized
from permissions.models import User
from workflows.models import Alert, Rule, Run, RunState
from workflows.services.alerts import alert_clear, alert_raise

FRESH_MINUTES = 30.0
"""A failure this old opens no incident any more."""
CALM_MINUTES = 30.0
"""An incident is over when the rule has not failed for so long."""
PREFIX = "rule-fails:"


def incidents_tell() -> int:
    """Open an incident for each rule that has begun to fail, and end those that are over. Returns how many are told."""
    now = clock.now()
    fresh = now - dt.timedelta(minutes=max(FRESH_MINUTES, CALM_MINUTES))
    failing = {
        each["rule"]: each
        for each in Run.objects.filter(state=RunState.FAILED, ended_at__gte=fresh)
        .order_by()
        .values("rule")
        .annotate(count=Count("pk"), last=Max("pk"))
    }
    open_ones = Alert.objects.filter(key__startswith=PREFIX, ended_at__isnull=True)
    known = {int(each.key.removeprefix(PREFIX)) for each in open_ones}
    for rule_id in known - failing.keys():
        alert_clear(f"{PREFIX}{rule_id}", tells=False)
    rules = Rule.objects.select_related("owner").in_bulk(failing.keys() - known)
    return sum(
        _tell(rule, failing[pk]["count"], Run.objects.get(pk=failing[pk]["last"]))
        for pk, rule in sorted(rules.items())
    )


def _tell(rule: Rule, count: int, last: Run) -> bool:
    """To the owner, who sees why on the page of the run: the reason may tell values."""
    owner = [rule.owner] if isinstance(rule.owner, User) and rule.owner.is_active else None
    title = localized(gettext_noop("The rule “%(name)s” fails"), name=Localized.from_json(rule.name))
    text = localized(
        gettext_noop(
            "%(count)s runs failed, the last is #%(run)s (%(outcome)s). Its page tells why. You are told once until it has worked for half an hour."
        ),
        count=count,
        run=last.pk,
        outcome=last.outcome.replace("_", " ") or "–",
    )
    return alert_raise(f"{PREFIX}{rule.pk}", title, text, people=owner)
