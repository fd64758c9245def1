"""The first step of a rule that fires, done in the transaction in which it fires, where it needs nobody outside.

Asking and telling decide from the record alone: a second claim, a second commit and two more updates for each would cost
more than the step itself. A step that cannot be done here (nobody may see it, a text does not fill in, any surprise) is
left ready: the execute queue tries it by itself, with its reasons, its pauses and its dead letter.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.models import Event, Record
from kernel import clock
from kernel.rows import row_new
from messaging.models import Delivery, Interaction
from messaging.services.interactions import Question, interactions_make
from permissions.models import User
from workflows.blocks import Action, Ask
from workflows.catalog import ACTIONS
from workflows.definition import StepSpec
from workflows.engine.compiled import CompiledRule
from workflows.engine.context import StepExecution
from workflows.engine.launching import ask_stage, run_done
from workflows.engine.recipients import Audience, People, audience_plan
from workflows.engine.refresh import HANDLER
from workflows.engine.stopping import run_is_stopped
from workflows.models import Attempt, Rule, Run, RunState, Step, StepState

QUESTION_SECONDS = 90 * 24 * 3600.0
logger = logging.getLogger(__name__)


@dataclass
class Fired:
    """One rule × one event, not stored yet: its run and first step."""

    compiled: CompiledRule
    rule: Rule
    event: Event
    record: Record
    run: Run
    step: Step


@dataclass(frozen=True)
class Asked:
    """A first step that is done here: what it asks or tells, and whom."""

    fired: Fired
    ask: Ask
    audience: Audience
    ends: bool

    @property
    def follows(self) -> bool:
        """Whether another step is due at once: a notice waits for nobody."""
        return not (self.ask.is_question or self.ends) and len(self.fired.compiled.definition.steps) > 1


@dataclass(frozen=True)
class Carried:
    """The rows to store beside runs and first steps. `following` and `attempts` have no keys yet."""

    interactions: list[Interaction]
    deliveries: list[Delivery]
    following: list[Step]
    attempts: list[Attempt]


def asked_find(fired: Sequence[Fired], people: People) -> list[Asked]:
    """Those first steps of `fired`, whose rows have no keys yet, that can be done here."""
    return [found for each in fired if (found := _asked(each, people)) is not None]


def asked_carry(asked: Sequence[Asked], keys: Mapping[Any, list[int]]) -> Carried:
    """Do them, on runs and steps whose keys are set; `keys` are those of the new interactions and deliveries."""
    interactions, deliveries = interactions_make([_question(each) for each in asked], keys)
    carried = Carried(interactions, deliveries, [], [])
    now = clock.now()
    for each, interaction in zip(asked, interactions, strict=True):
        run, step = each.fired.run, each.fired.step
        step.interaction, step.attempts = interaction, 1
        step.lease_release(None)
        step.output = asked_output(each.audience)
        carried.attempts.append(
            row_new(Attempt, step=step, number=1, started_at=now, ended_at=now, outcome="ask")
        )
        if each.ask.is_question:
            step.state, run.state = StepState.WAITING, RunState.WAITING
            continue
        step.state, step.ended_at = StepState.DONE, now
        if each.follows:
            second = each.fired.compiled.definition.steps[1].action
            carried.following.append(row_new(Step, run=run, path="/steps/1", action=second, available_at=now))
        else:
            run.state, run.outcome, run.reason = run_done(run, told=True)
            run.ended_at = now
    return carried


def asked_output(audience: Audience) -> dict[str, list[object]]:
    """What a step that asked keeps: who was asked, and in words why others were not."""
    chats = [target.group.ref for target in audience.groups]
    return {
        "asked": [*(target.user.username for target in audience.targets), *chats],
        "notes": [note.as_json() for note in audience.notes],
    }


def _asked(fired: Fired, people: People) -> Asked | None:
    spec: StepSpec = fired.compiled.definition.steps[0]
    action: Action = ACTIONS.get(spec.action)
    owner = fired.rule.owner
    if not (action.is_immediate and action.asks) or not isinstance(owner, User) or run_is_stopped(fired.run):
        return None
    if fired.step.available_at is not None and fired.step.available_at > clock.now():
        return None
    try:
        if not fired.compiled.may_use(people.gates.record(owner, fired.record)):
            return None
        record = fired.record.planned_data if action.shows_latest else None
        state = record or fired.event.after or fired.event.before or {}
        ask = action.execute(spec.params, StepExecution(fired.step, fired.compiled, state, state))
        if not isinstance(ask, Ask):
            return None
        audience = audience_plan(
            ask.recipients, ask.fallback, ask.channels, fired.rule, fired.record, ask.card["data"], people
        )
        staged = ask_stage(fired.run, ask, audience, people)
    except Exception:
        logger.info("step %s of rule %s is left to be executed", spec.action, fired.rule.key, exc_info=True)
        return None
    if staged.audience.groups or not staged.audience.targets:
        return None
    return Asked(fired, staged.ask, staged.audience, staged.ends)


def _question(asked: Asked) -> Question:
    return question_of(asked.ask, asked.audience, asked.fired.record, asked.fired.event, asked.fired.step)


def question_of(ask: Ask, audience: Audience, record: Record | None, event: Event, step: Step) -> Question:
    """The question a step asks."""
    return Question(
        card=ask.card,
        shown=ask.shown,
        targets=audience.targets,
        groups=audience.groups,
        record=record,
        event_id=event.pk,
        source_event_id=event.source_event_id,
        handler=HANDLER,
        handler_ref=str(step.pk),
        expires_seconds=ask.expires_seconds or (QUESTION_SECONDS if ask.is_question else None),
        priority=ask.priority,
        is_question=ask.is_question,
        said=ask.said,
    )
