"""Changing how far a rule is launched, and letting one go on that stopped by itself. The permission check is in here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import clock
from kernel.audit import audit_record
from kernel.errors import ConfigError, PermissionDenied
from kernel.generation import generation_bump
from kernel.live import live_publish
from kernel.text import localized
from messaging.models import OPEN_STATES, Interaction
from messaging.services.cancelling import interactions_cancel
from permissions.models import User
from permissions.objects import may_object
from workflows.engine.compiled import GENERATION
from workflows.engine.flood import HANDLER, count_anew
from workflows.engine.launching import launch_limit
from workflows.models import BackTest, BackTestState, Launch, LaunchStep, Rule, Run

FACTOR = 3.0
MOST_PILOTS = 50
MOST_FORECAST = 1_000_000.0
MOST_FACTOR = 100.0
MOST_COUNTED = 10_000


def launch_set(
    actor: User,
    rule: Rule,
    step: str,
    *,
    pilots: Sequence[str] = (),
    forecast: float | None = None,
    factor: float = FACTOR,
) -> Launch:
    """Launch the rule as far as `step`, from the next event on; nothing is published for it.

    `pilots` are login names. `forecast` is how often a day the rule is expected to fire; where it is None the newest
    back-test of `actor` says it, and where there is none the rule never stops by itself. Raises PermissionDenied, and
    ConfigError for what cannot be used.
    """
    if not may_object(actor, "publish", rule):
        raise PermissionDenied(_("You may not launch this rule."))
    people = _pilots(pilots)
    if step == LaunchStep.PILOT and not people:
        raise ConfigError(_("Name the pilot people first."))
    _figures_check(forecast, factor)
    with transaction.atomic():
        locked = Rule.objects.select_for_update(of=("self",), no_key=True).get(pk=rule.pk)
        launch = Launch.objects.filter(rule=locked).first() or Launch(rule=locked)
        before = launch.step if launch.pk else LaunchStep.ALL
        launch.step, launch.pilots = step, [each.pk for each in people]
        launch.forecast = forecast if forecast is not None else forecast_tested(actor, rule)
        launch.factor, launch.changed_by, launch.changed_at = factor, actor, clock.now()
        count_anew(launch)
        launch.save()
        generation_bump(GENERATION)
        audit_record(
            actor,
            "rule.launched",
            locked,
            f"{before} → {step}",
            pilots=[each.username for each in people],
            forecast=launch.forecast,
            factor=factor,
        )
        live_publish("staff", type="rule", id=locked.pk)
    rule.refresh_from_db()
    return launch


def _pilots(names: Sequence[str]) -> list[User]:
    wanted = list(dict.fromkeys(names))
    if len(wanted) > MOST_PILOTS:
        raise ConfigError(_("Name at most %(most)d pilot people.") % {"most": MOST_PILOTS})
    found = {each.username: each for each in User.objects.filter(username__in=wanted, is_active=True)}
    for name in wanted:
        if name not in found:
            raise ConfigError(
                _("There is no active person “%(name)s”. Choose somebody else.") % {"name": name}
            )
    return [found[name] for name in wanted]


def _figures_check(forecast: float | None, factor: float) -> None:
    if forecast is not None and not 0 < forecast <= MOST_FORECAST:
        raise ConfigError(_("The forecast is a number above 0, in firings a day."))
    if not 1 <= factor <= MOST_FACTOR:
        raise ConfigError(_("The rule stops at 1 to 100 times the forecast."))


def forecast_tested(actor: User, rule: Rule) -> float | None:
    """How often a day the definition in force (else the draft) fired in the newest back-test of `actor`; None without one."""
    definition = rule.current.definition if rule.current is not None else rule.draft
    done = BackTest.objects.filter(rule=rule, asked_by=actor, state=BackTestState.DONE)
    row = next((each for each in done.order_by("-pk") if each.definition == definition), None)
    if row is None or not row.summary:
        return None
    begun = row.asked_at - dt.timedelta(days=row.days)
    days = (row.asked_at - max(begun, row.since or begun)).total_seconds() / 86_400
    fired: int = row.summary["fired"]
    return max(fired, 1) / max(days, 1.0)


def launch_again(rule: Rule) -> None:
    """The rule is in force (again): it is counted from here. Inside the caller's transaction."""
    launch = Launch.objects.select_for_update(of=("self",), no_key=True).filter(rule=rule).first()
    if launch is not None:
        count_anew(launch)
        launch.save(update_fields=["counted_from", "after_run_id"])


def launch_cards_close(rule: Rule) -> None:
    """Withdraw the card that asked whether the rule may go on. By itself: whoever answers it locks the card, then the rule."""
    with transaction.atomic():
        asked = Interaction.objects.select_for_update(of=("self",), no_key=True).filter(
            handler=HANDLER, handler_ref=str(rule.pk), state__in=OPEN_STATES
        )
        text = localized(gettext_noop("This was decided on the page of the rule ({at})."))
        interactions_cancel(list(asked.order_by("pk")), text)


def launch_fired(launch: Launch) -> int:
    """How often the rule has fired since it is counted; counted up to its limit."""
    fired = Run.objects.filter(rule_id=launch.rule_id, pk__gt=launch.after_run_id)
    most = launch_limit(launch) if launch.forecast is not None else MOST_COUNTED
    return len(fired.order_by("-pk").values_list("pk", flat=True)[:most])
