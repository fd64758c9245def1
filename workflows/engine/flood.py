"""The automatic stop: a rule that fires more often than was forecast is stopped, and its owner asked whether it may go on.

Counted over its runs, once a batch and only for rules with a forecast; the firing that would be one too many is held back.
Several workers that plan at once may each let pass what was left when their batch began. What it has asked before goes on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

from django.db.models import Max
from django.utils.translation import gettext_noop

from kernel import clock
from kernel.audit import audit_record
from kernel.generation import generation_bump
from kernel.live import live_publish
from kernel.text import Localized, localized, text_store
from messaging.services.notices import notice_send
from permissions.identities import administrators
from permissions.models import User
from workflows.engine.compiled import GENERATION, CompiledRule
from workflows.engine.firing import Firings
from workflows.engine.launching import EVERYBODY, in_tenth, launch_limit
from workflows.models import Launch, LaunchStep, Rule, RuleState, Run

COUNTED_HOURS = 24.0
HANDLER = "workflows.launch"
RESUME, KEEP = "resume", "keep"
TENTH_HELD, FLOOD_HELD = "tenth", "flood"
"""Why an event did not fire, beside the reasons of workflows/engine/firing.py."""


class Admission:
    """What of a batch's firings the launch of their rules lets through. `flooded`: how often a rule may fire that is over it."""

    def __init__(self) -> None:
        self.flooded: dict[int, int] = {}
        self._left: dict[int, int] = {}
        self._limits: dict[int, int] = {}

    def admit(self, rule: CompiledRule, key: str, decided: Firings) -> Firings:
        if rule.launch is EVERYBODY or not decided.fires:
            return decided
        if rule.launch.step == LaunchStep.TENTH and not in_tenth(rule.rule_id, key):
            return replace(decided, fires=False, reason=TENTH_HELD)
        if not rule.launch.is_guarded:
            return decided
        if rule.rule_id not in self._left:
            self._limits[rule.rule_id], self._left[rule.rule_id] = _room(rule.rule_id)
        self._left[rule.rule_id] -= 1
        if self._left[rule.rule_id] >= 0:
            return decided
        self.flooded[rule.rule_id] = self._limits[rule.rule_id]
        return Firings(False, reason=FLOOD_HELD)  # armed as it was: nothing of it was told


def _room(rule_id: int) -> tuple[int, int]:
    """(how often the rule may fire in the hours counted, how often it still may)."""
    launch = Launch.objects.filter(rule_id=rule_id, forecast__isnull=False).first()
    if launch is None:  # taken away since the rule was compiled
        return 0, 2**31
    if launch.counted_from <= clock.now() - dt.timedelta(hours=COUNTED_HOURS):
        # Whoever holds the row counts anew as well: not to wait for it is what keeps planners from waiting in a circle.
        locked = Launch.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
        if (mine := locked.filter(pk=launch.pk).first()) is not None:
            launch = mine
            count_anew(launch)
            launch.save(update_fields=["counted_from", "after_run_id"])
    limit = launch_limit(launch)
    fired = Run.objects.filter(rule_id=rule_id, pk__gt=launch.after_run_id)
    return limit, limit - len(fired.order_by("-pk").values_list("pk", flat=True)[: limit + 1])


def count_anew(launch: Launch) -> None:
    """Count from here on; the row is saved by the caller."""
    launch.counted_from = clock.now()
    launch.after_run_id = Run.objects.aggregate(last=Max("pk"))["last"] or 0


def floods_stop(flooded: Mapping[int, int]) -> None:
    """Stop the rules that fired as often as they may, inside the transaction that planned."""
    for rule_id in sorted(flooded):
        rule = (
            Rule.objects.select_for_update(of=("self",), no_key=True).select_related("owner").get(pk=rule_id)
        )
        if rule.state != RuleState.LIVE:  # another worker was first
            continue
        launch = Launch.objects.get(rule=rule)
        why = localized(
            gettext_noop(
                "It fired %(count)s times since %(since)s UTC; forecast are %(forecast)s a day, and it stops at %(factor)s times that."
            ),
            count=flooded[rule_id],
            since=f"{launch.counted_from:%Y-%m-%d %H:%M}",
            forecast=f"{launch.forecast:g}",
            factor=f"{launch.factor:g}",
        )
        rule.state, rule.state_reason, rule.updated_at = RuleState.FLOOD, text_store(why), clock.now()
        rule.save()
        generation_bump(GENERATION)
        audit_record(None, "rule.flood", rule, rule.state_reason)
        live_publish("staff", type="rule", id=rule.pk)
        _ask_owner(rule, why)


def _ask_owner(rule: Rule, why: Localized) -> None:
    """One card: may it go on? To the administrators where the rule has no owner."""
    owner = [rule.owner] if isinstance(rule.owner, User) and rule.owner.is_active else []
    notice_send(
        owner or administrators(),
        localized(
            gettext_noop("The rule “%(name)s” was stopped: it fires more often than forecast"),
            name=Localized.from_json(rule.name),
        ),
        localized(
            gettext_noop("%(why)s Nothing new fires until you let it; what it has asked goes on."), why=why
        ),
        source=f"rule-flood-{rule.pk}-{clock.now():%Y%m%d%H%M%S}",
        handler=HANDLER,
        ref=str(rule.pk),
        buttons=[
            {
                "key": RESUME,
                "label": localized(gettext_noop("Let it go on")).as_json(),
                "style": "primary",
            },
            {"key": KEEP, "label": localized(gettext_noop("Switch it off")).as_json(), "style": "danger"},
        ],
    )
