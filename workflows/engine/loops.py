"""Runaway loops: a rule whose own write starts it again, directly or through other rules, is stopped.

Recognised by the chain of causes (workflows/engine/causes.py) when an event is planned, and by how often a rule writes
without anybody's click when a write is about to leave. Many events of many records are no loop, however fast they come.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import clock
from kernel.errors import Conflict
from kernel.text import Localized, localized
from workflows.engine.causes import CERTAIN, record_token
from workflows.engine.stopping import rule_stop
from workflows.models import Footprint, FootprintKind, Rule, Run, Step, StopReason

CERTAIN_MOST = 5
INFERRED_MOST = 20
DEPTH_MOST = 40
RATE_SECONDS = 60.0
RECORD_WRITES_MOST = 20
CAUSED_WRITES_MOST = 300
SHOWN_LINKS = 6


def loop_is(causes: Sequence[Mapping[str, Any]], depth: int, rule_id: int, stops: int) -> bool:
    """Whether a rule that fires at the end of this chain runs in a circle.

    Its earlier runs in the chain count since it was last stopped. An inferred link after a person's click does not
    count: people decide at their own pace, and what changed in that time may be anybody's doing.
    """
    own = [each for each in causes if each["rule"] == rule_id and each["stops"] >= stops]
    certain = sum(each["link"] == CERTAIN for each in own)
    counted = sum(each["link"] == CERTAIN or not each["by_person"] for each in own)
    return certain >= CERTAIN_MOST or counted >= INFERRED_MOST or (depth >= DEPTH_MOST and bool(own))


def loops_stop(runs: Sequence[Run]) -> None:
    """Stop the rules among a batch's new runs that run in a circle; inside the transaction that made the runs."""
    met: dict[int, Run] = {}
    for run in runs:
        event = run.event
        if event.depth and loop_is(event.causes or (), event.depth, run.rule_id, run.stops or 0):
            met.setdefault(run.rule_id, run)
    for run in met.values():
        causes = run.event.causes or ()
        count = sum(each["rule"] == run.rule_id for each in causes)
        why = localized(
            gettext_noop("What it wrote started it again %(count)s times: %(chain)s."),
            count=count,
            chain=_words(causes, run.event_id),
        )
        rule_stop(run.rule, StopReason.LOOP, why=why)


def _words(causes: Sequence[Mapping[str, Any]], event_id: int) -> Localized:
    """event #17 → “Order more” (run #5) → event #18 …; numbers only, since not every reader may see the records."""
    last = list(causes)[-SHOWN_LINKS:]
    names = {
        rule.pk: Localized.from_json(rule.name)
        for rule in Rule.objects.filter(pk__in={each["rule"] for each in last})
    }
    link = gettext_noop("event #%(event)s → “%(rule)s” (run #%(run)s)")
    parts = [
        localized(
            link, event=each["event"], run=each["run"], rule=names.get(each["rule"], Localized("–", "–"))
        )
        for each in last
    ]
    parts.append(localized(gettext_noop("event #%(event)s"), event=event_id))
    cut = ["…"] if len(causes) > len(last) else []
    return Localized(
        " → ".join([*cut, *(each.en for each in parts)]), " → ".join([*cut, *(each.zh for each in parts)])
    )


def write_refuse(step: Step) -> None:
    """Raises Conflict, and stops the rule, when it writes without anybody's click faster than anything sensible would.

    Counted within RATE_SECONDS and since its last stop: RECORD_WRITES_MOST writes about one record, or
    CAUSED_WRITES_MOST writes of the rule that earlier writes led to.
    """
    if step.person_id is not None:
        return
    event, rule = step.run.event, step.run.rule
    about = record_token(event.connection_id, event.object, event.key)
    recent = Footprint.objects.filter(
        run__rule=rule,
        run__stops=step.run.stops,
        by_person=False,
        kind=FootprintKind.RECORD,
        made_at__gt=clock.now() - dt.timedelta(seconds=RATE_SECONDS),
    ).exclude(run=step.run_id)
    counted = recent.aggregate(
        record=Count("pk", filter=Q(token=about)), caused=Count("pk", filter=Q(run__event__depth__gt=0))
    )
    if counted["record"] >= RECORD_WRITES_MOST:
        why = localized(
            gettext_noop(
                "It wrote %(count)s times about one record within %(seconds)d s, and nobody clicked."
            ),
            count=counted["record"],
            seconds=RATE_SECONDS,
        )
    elif event.depth and counted["caused"] >= CAUSED_WRITES_MOST:
        why = localized(
            gettext_noop("Its own writes led to %(count)s more within %(seconds)d s, and nobody clicked."),
            count=counted["caused"],
            seconds=RATE_SECONDS,
        )
    else:
        return
    with transaction.atomic():
        rule_stop(rule, StopReason.LOOP, why=why)
    raise Conflict(_("The rule was stopped: it writes too fast."))
