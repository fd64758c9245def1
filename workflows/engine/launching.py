"""Launching a rule in steps: whom a run of it may reach yet.

The step is decided where the rule fires, from the compiled rule, and stays with the run. In the shadow step the owner
alone is told what would have been sent, and nothing is written anywhere; in the pilot step the pilot people alone are
told, and only what they click is carried out. What is held back says so on its run or in the event's verdicts.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext_noop

from kernel.text import Localized, localized, text_store
from messaging.services.interactions import Target
from permissions.models import User
from workflows.blocks import Action, Ask
from workflows.engine.recipients import Audience, People
from workflows.models import Launch, LaunchStep, Rule, Run, RunState, Step

SHARE = 10
"""In the step `tenth` one record in this many is told."""
MARKED = (LaunchStep.SHADOW, LaunchStep.PILOT)
PURPOSE = "shadow"


@dataclass(frozen=True)
class LaunchPlan:
    """What planning needs to know. `is_guarded`: the rule stops by itself, see workflows/engine/flood.py."""

    step: str = LaunchStep.ALL
    is_guarded: bool = False

    @property
    def mark(self) -> str:
        """What its runs carry: nothing where everybody is told."""
        return self.step if self.step in MARKED else ""


EVERYBODY = LaunchPlan()


def launch_of(rule: Rule) -> Launch | None:
    """None for a rule that is in force for everybody and was never launched in steps."""
    return getattr(rule, "launch", None)


def launch_plan(rule: Rule) -> LaunchPlan:
    launch = launch_of(rule)
    if launch is None or (launch.step == LaunchStep.ALL and launch.forecast is None):
        return EVERYBODY
    return LaunchPlan(launch.step, launch.forecast is not None)


def launch_limit(launch: Launch) -> int:
    """How often the rule may fire within the hours counted, before it stops by itself. Needs a forecast."""
    assert launch.forecast is not None
    share = SHARE if launch.step == LaunchStep.TENTH else 1
    return max(1, math.ceil(launch.forecast * launch.factor / share))


def in_tenth(rule_id: int, key: str) -> bool:
    """Whether the record is among the tenth: always the same ones of a rule, other ones for another rule."""
    return int.from_bytes(hashlib.sha256(f"{rule_id}:{key}".encode()).digest()[:8]) % SHARE == 0


@dataclass(frozen=True)
class Staged:
    """What is asked of whom after the launch step had its say. `ends`: nothing follows."""

    ask: Ask
    audience: Audience
    ends: bool = False


def ask_stage(run: Run, ask: Ask, audience: Audience, people: People) -> Staged:
    """In the shadow step a notice to the owner of what would have been sent; in the pilot step the pilot people alone."""
    if not run.launch:
        return Staged(ask, audience)
    if run.launch == LaunchStep.PILOT:
        return Staged(ask, _pilots_only(run.rule, audience))
    owner = run.rule.owner
    targets = _owner_targets(owner, people) if isinstance(owner, User) else []
    told = replace(
        ask,
        card={**ask.card, "buttons": []},
        expires_seconds=None,
        is_question=False,
        said=_would_have(ask, audience),
    )
    return Staged(told, Audience(targets, audience.notes), ends=ask.is_question)


def targets_stage(run: Run, targets: Sequence[Target]) -> list[Target]:
    """Of people to be asked later on, those the run may reach: nobody instead of a shadow's owner."""
    if run.launch == LaunchStep.SHADOW:
        return []
    return [each for each in targets if not run.launch or each.user.pk in _pilots(run.rule)]


def _pilots(rule: Rule) -> frozenset[int]:
    launch = launch_of(rule)
    return frozenset(launch.pilots) if launch is not None else frozenset()


def _pilots_only(rule: Rule, audience: Audience) -> Audience:
    pilots = _pilots(rule)
    names = [each.user.display_name for each in audience.targets if each.user.pk not in pilots]
    others = dict.fromkeys([*names, *(str(each.group) for each in audience.groups)])
    notes = list(audience.notes)
    if others:
        notes.append(
            localized(
                gettext_noop("Pilot: %(people)s would have been told, and are no pilot people."),
                people=_names(list(others)),
            )
        )
    return Audience([each for each in audience.targets if each.user.pk in pilots], notes)


def _owner_targets(owner: User, people: People) -> list[Target]:
    found = [(channel, people.address(owner, channel)) for channel in people.channels(())]
    return [Target(owner, channel, address, PURPOSE) for channel, address in found if address]


def _would_have(ask: Ask, audience: Audience) -> Localized:
    names = [f"{each.user.display_name} ({each.connection.name})" for each in audience.targets]
    names += [f"{each.group} ({each.group.connection.name})" for each in audience.groups]
    told = _names(list(dict.fromkeys(names))) if names else localized(gettext_noop("nobody"))
    labels = [Localized.from_json(each.get("label") or each["key"]) for each in ask.card.get("buttons", ())]
    if not labels:
        return localized(
            gettext_noop("Shadow: this would have been sent to %(people)s. Only you see it."), people=told
        )
    buttons = Localized(" / ".join(each.en for each in labels), " / ".join(each.zh for each in labels))
    return localized(
        gettext_noop(
            "Shadow: this would have been sent to %(people)s, with the buttons %(buttons)s. Only you see it."
        ),
        people=told,
        buttons=buttons,
    )


def _names(names: Sequence[str]) -> Localized:
    return Localized(", ".join(names), "、".join(names))


def step_held(step: Step, action: Action) -> Localized | None:
    """Why a step is not done although it is due; None when it may be.

    What tells people is done and told to fewer (`ask_stage`); what acts outside is done only after a click of somebody.
    """
    run = step.run
    if not run.launch or action.is_immediate or action.asks or step.person_id is not None:
        return None
    if run.launch == LaunchStep.SHADOW:
        return localized(gettext_noop("Shadow: “%(action)s” was not carried out."), action=action.label)
    return localized(
        gettext_noop("Pilot: “%(action)s” was not carried out, since nobody among the pilot people clicked."),
        action=action.label,
    )


def nobody_staged(run: Run, notes: Sequence[Localized]) -> Localized:
    """Why a step that was to tell people has told none of them."""
    if run.launch == LaunchStep.SHADOW:
        return localized(gettext_noop("Shadow: the owner of the rule cannot be reached in the inbox."))
    return Localized("; ".join(each.en for each in notes), "；".join(each.zh for each in notes))


def run_done(run: Run, *, told: bool) -> tuple[str, str, str]:
    """(state, outcome, reason) of a run that has come to its end, `told` whether it asked or told somebody."""
    if run.launch == LaunchStep.SHADOW:
        text = localized(gettext_noop("Shadow: only the owner was told what would have been sent."))
        return RunState.CANCELLED, LaunchStep.SHADOW, text_store(text)
    if run.launch == LaunchStep.PILOT and not told:
        text = localized(gettext_noop("Pilot: nobody among the pilot people was to be told."))
        return RunState.CANCELLED, LaunchStep.PILOT, text_store(text)
    return RunState.DONE, "done", ""
