"""Execute: claim due steps, act outside any transaction, store what came of it in one."""

from __future__ import annotations

import datetime as dt
import logging

from django.utils.translation import gettext_noop

from connectors.models import ConnectionState
from kernel import clock
from kernel.doorbell import Due
from kernel.errors import (
    AuthFailed,
    BatonError,
    ConfigError,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Transient,
)
from kernel.generation import generations_held
from kernel.text import Localized, localized
from kernel.work import backoff_seconds, due, work_claim, work_each
from permissions.models import User, Verb
from permissions.policies import may_see_record
from workflows.blocks import Held, Refused, StepResult
from workflows.catalog import ACTIONS
from workflows.definition import step_at
from workflows.engine.compiled import CompiledRule, rule_version_compiled
from workflows.engine.context import StepExecution
from workflows.engine.finish import GIVE_UP_DAYS, step_dead, step_finish, step_later
from workflows.engine.launching import step_held
from workflows.engine.restart import write_adopt
from workflows.engine.stopping import steps_going
from workflows.models import Attempt, Rule, Step

BATCH = 10
MOST_SURPRISES = 5
RETRY_MOST_SECONDS = 20.0
logger = logging.getLogger(__name__)


def execute_due(now: dt.datetime) -> Due:
    return [Step.objects.filter(due(now))]


def execute_drain() -> int:
    claimed = work_claim(
        Step.objects.select_related(
            "run__rule__connection",
            "run__rule__owner",
            "run__rule__launch",
            "run__version",
            "run__event",
            "person",
        ),
        limit=BATCH,
        lease_seconds=120,
    )
    for step in work_each(steps_going(claimed)):
        step_execute(step)
    return len(claimed)


def step_execute(step: Step) -> None:
    """One attempt at a step. Raises nothing of the outside world: it ends on the rows."""
    if _kills_workers(step):
        step_dead(
            step, localized(gettext_noop("Workers ended again and again while they worked at this step."))
        )
        return
    owner = step.lease_owner
    attempt = Attempt.objects.create(step=step, number=step.attempts, started_at=clock.now())
    try:
        with generations_held():
            result = _act(step)
            step_finish(step, result)
    except BatonError as error:
        _attempt_end(attempt, error.code, error.message)
        if _reread(step, owner):
            _failed(step, error)
    except Exception as error:  # a defect of ours: kept on the row, tried again, never lost
        logger.exception("step %s", step.pk)
        message = f"{error.__class__.__name__}: {error}"[:2000]
        _attempt_end(attempt, "defect", message)
        if not _reread(step, owner):
            return
        if step.attempts >= MOST_SURPRISES:
            step_dead(
                step, localized(gettext_noop("Something went wrong inside Baton: %(reason)s"), reason=message)
            )
        else:
            step_later(step, backoff_seconds(step.attempts), message, None)
    else:
        _attempt_end(attempt, type(result).__name__.lower(), "")


def _kills_workers(step: Step) -> bool:
    """Whether attempt after attempt was begun and none of them ended: it must not take its neighbours with it."""
    if step.attempts <= MOST_SURPRISES:
        return False
    latest = Attempt.objects.filter(step=step).order_by("-id").values_list("ended_at", flat=True)
    ends = list(latest[:MOST_SURPRISES])
    return len(ends) == MOST_SURPRISES and not any(ends)


def _reread(step: Step, owner: str) -> bool:
    """The row as it is stored, without what a rolled back finish left on it; False when the claim is not ours."""
    step.refresh_from_db()
    return step.lease_owner == owner


def _attempt_end(attempt: Attempt, outcome: str, message: str) -> None:
    Attempt.objects.filter(pk=attempt.pk).update(
        ended_at=clock.now(), outcome=outcome, message=message[:2000]
    )


def _act(step: Step) -> StepResult:
    rule: Rule = step.run.rule
    compiled = rule_version_compiled(rule, step.run.version)
    action = ACTIONS.get(step.action)
    params = step_at(compiled.definition, step.path).params
    denied = _gate(step, compiled, acts_alone=action.writes and step.person is None)
    if denied is not None:
        return denied
    held = step_held(step, action)
    if held is not None:
        return Held(held)
    write_adopt(step)
    record = step.run.record
    event_state = step.run.event.after or step.run.event.before or {}
    latest = record.planned_data if record is not None and action.shows_latest else None
    shown = step.input.get("shown") or latest or event_state
    return action.execute(params, StepExecution(step, compiled, latest or event_state, shown))


def _gate(step: Step, compiled: CompiledRule, *, acts_alone: bool) -> Refused | None:
    """The owner may see what the rule uses; the person who answered may still answer.

    What changes the ERP without anybody's answer (`acts_alone`) is the owner's own doing: the owner must be able to.
    """
    rule, record = step.run.rule, step.run.record
    if record is None:
        return None
    owner = rule.owner
    if not isinstance(owner, User):
        raise ConfigError(str(localized(gettext_noop("The rule has no owner. Give it one, then replay."))))
    decision = may_see_record(owner, record, Verb.ANSWER if acts_alone else Verb.SEE)
    if not decision.allowed:
        raise ConfigError(
            str(
                localized(
                    gettext_noop("The rule's owner may not see this record: %(reason)s"),
                    reason=" ".join(decision.reasons),
                )
            )
        )
    if not compiled.may_use(decision):
        names = [
            str(each.label) for each in compiled.about.fields if each.name in compiled.uses & decision.masked
        ]
        raise ConfigError(
            str(
                localized(
                    gettext_noop("The rule's owner may not see what it uses of this record: %(fields)s."),
                    fields=", ".join(names),
                )
            )
        )
    if step.person is not None and not may_see_record(step.person, record, Verb.ANSWER).allowed:
        return Refused(localized(gettext_noop("The person who answered may not do this (any more).")))
    return None


def _failed(step: Step, error: BatonError) -> None:
    connection, action = step.run.rule.connection, ACTIONS.get(step.action)
    place = connection.name if action.writes or action.asks else action.label
    too_old = step.created_at < clock.now() - dt.timedelta(days=GIVE_UP_DAYS)
    if isinstance(error, Rejected):
        step_finish(
            step, Refused(localized(gettext_noop("The ERP refused: %(reason)s"), reason=error.message))
        )
    elif too_old or not isinstance(error, Transient | RateLimited | AuthFailed | OutcomeUnknown):
        step_dead(step, Localized(error.message, error.message))
    elif isinstance(error, AuthFailed) or connection.state != ConnectionState.ACTIVE:
        text = gettext_noop(
            "“%(name)s” needs its administrator (%(reason)s). This will be done as soon as it works again."
        )
        step_later(step, 10.0, error.message, localized(text, name=connection.name, reason=error.message))
    elif isinstance(error, OutcomeUnknown):
        text = gettext_noop(
            "“%(name)s” did not confirm. Checking whether it was done; nothing is done twice."
        )
        step_later(step, backoff_seconds(step.attempts, most=RETRY_MOST_SECONDS), error.message,
                   localized(text, name=place))  # fmt: skip
    else:
        seconds = backoff_seconds(step.attempts, most=RETRY_MOST_SECONDS)
        if isinstance(error, RateLimited):
            seconds = max(error.retry_after_seconds, 0.1)
        text = gettext_noop("“%(name)s” does not answer. This will be done, once, as soon as it is back.")
        step_later(step, seconds, error.message, localized(text, name=place))
