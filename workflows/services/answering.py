"""What an answer to a rule's question means. Bound to messaging at start-up (see workflows/apps.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from connectors.mapping import decimal_read
from kernel import clock, doorbell
from kernel.audit import audit_record
from kernel.statements import Raw
from kernel.text import Localized, localized
from messaging.bindings import Difference, Refusal
from messaging.formatting import field_format
from messaging.models import (
    NOT_SENT_STATES,
    Answer,
    Delivery,
    GroupPost,
    Interaction,
    InteractionState,
    PostState,
)
from messaging.services.interactions import interaction_show, posts_add, targets_add
from permissions.models import User, Verb
from permissions.policies import MASK, may_see_record
from workflows.actions.question import precondition_failed
from workflows.catalog import ACTIONS
from workflows.definition import step_at
from workflows.engine.compiled import CompiledRule, rule_version_compiled
from workflows.engine.context import CardContext
from workflows.engine.finish import run_end, step_answered
from workflows.engine.launching import targets_stage
from workflows.engine.queues import EXECUTE_QUEUE
from workflows.engine.recipients import audience_plan
from workflows.engine.stopping import run_is_stopped
from workflows.models import LaunchStep, RuleRecordState, RunState, Step, StepState

MOST_TEXT = 500
_UNDELIVERED = Raw(
    "SELECT id, rule_id, record_id FROM workflows_rulerecordstate "
    "WHERE record_id {any} AND first_delivered_at IS NULL AND fired_at IS NOT NULL"
)


def _asked(interaction: Interaction) -> tuple[Step, CompiledRule, Mapping[str, Any]]:
    step = Step.objects.select_related("run__rule", "run__version", "run__event", "run__record").get(
        pk=int(interaction.handler_ref)
    )
    compiled = rule_version_compiled(step.run.rule, step.run.version)
    params = step_at(compiled.definition, step.path).params
    return step, compiled, ACTIONS.get(step.action).question(params)


def _button(params: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(each for each in params["buttons"] if each["key"] == key)
    return found


class StepHandler:
    """messaging.bindings.InteractionHandler for steps that ask."""

    def answer_refuse(
        self, interaction: Interaction, user: User, button: str, inputs: Mapping[str, Any], version: int
    ) -> Refusal | None:
        step, compiled, params = _asked(interaction)
        if run_is_stopped(step.run):
            return Refusal(localized(gettext_noop("The rule behind this question was stopped.")))
        chosen = _button(params, button)
        errors = _input_errors(chosen, interaction, inputs)
        if errors:
            return Refusal(localized(gettext_noop("Please check what you entered.")), errors=errors)
        if not chosen.get("then"):
            return None
        record = step.run.record
        if record is None:
            return None
        shown = interaction.shown.get(str(version))
        if shown is None:
            return Refusal(
                localized(
                    gettext_noop(
                        "The card has changed often since you saw it. Please look again and confirm."
                    )
                )
            )
        now = record.data
        changed = _changed(compiled, params, user, record, shown, now)
        if changed:
            return Refusal(
                localized(gettext_noop("This changed since you saw it. Please look again and confirm.")),
                tuple(changed),
            )
        failed = precondition_failed(
            params, CardContext(compiled, step.run.event, now, shown, interaction.shown.get("1")), now
        )
        return Refusal(failed) if failed is not None else None

    def answered(self, interaction: Interaction, answer: Answer) -> None:
        step, _compiled, params = _asked(interaction)
        chosen = _button(params, answer.button)
        person = answer.user
        shown = interaction.shown.get(str(answer.version)) or interaction.card.get("data", {})
        follow = chosen.get("then", [])
        if not follow:
            self._closed(interaction, step, chosen, answer)
            return
        Step.objects.create(
            run=step.run,
            path=f"{step.path}/buttons/{answer.button}/then/0",
            action=follow[0]["action"],
            available_at=clock.now(),
            interaction=interaction,
            person=person,
            round=step.round + answer.round - 1,
            input={
                "inputs": _inputs(interaction, answer.button, answer.inputs),
                "shown": shown,
                "asked": interaction.shown.get("1", shown),
                "answer": answer.pk,
            },
        )
        step.run.state = RunState.RUNNING
        step.run.save(update_fields=["state"])
        text = localized(gettext_noop("%(person)s chose “%(label)s”. Working on it …"), person=_name(person),
                         label=Localized.from_json(chosen.get("label") or answer.button))  # fmt: skip
        interaction_show(interaction, text=text)
        doorbell.ring(EXECUTE_QUEUE)

    @staticmethod
    def _closed(interaction: Interaction, step: Step, chosen: Mapping[str, Any], answer: Answer) -> None:
        text = localized(
            gettext_noop("“%(label)s”, %(person)s, {at}"),
            label=Localized.from_json(chosen.get("label") or chosen["key"]),
            person=_name(answer.user),
        )
        interaction_show(interaction, state=InteractionState.DECIDED, text=text, at=clock.now())
        action = ACTIONS.get(step.action)
        if action.goes_on:
            step_answered(step, action.results(answer.button, answer.inputs))
            return
        Step.objects.filter(pk=step.pk).update(state=StepState.DONE, ended_at=clock.now())
        run_end(step.run, RunState.DONE, chosen["key"][:40])

    def expired(self, interaction: Interaction) -> None:
        step, _compiled, _params = _asked(interaction)
        text = localized(gettext_noop("Nobody answered in time ({at})."))
        interaction_show(interaction, state=InteractionState.EXPIRED, text=text, at=clock.now())
        Step.objects.filter(pk=step.pk).update(
            state=StepState.SKIPPED, ended_at=clock.now(), available_at=None
        )
        run_end(step.run, RunState.DONE, "expired")

    def delivered(self, interactions: Sequence[Interaction]) -> None:
        waiting = _UNDELIVERED.rows({each.record_id for each in interactions if each.record_id})
        marks = {(rule, record): pk for pk, rule, record in waiting}
        if not marks:
            return
        steps = Step.objects.filter(pk__in=[int(each.handler_ref) for each in interactions])
        reached = set(steps.values_list("run__rule_id", "run__record_id"))
        RuleRecordState.objects.filter(pk__in=[pk for mark, pk in marks.items() if mark in reached]).update(
            first_delivered_at=clock.now()
        )

    def undeliverable(self, interaction: Interaction, reason: str) -> None:
        """When nobody is left who has it or will get it: the fallback, else the owner, else a dead letter."""
        others = Delivery.objects.filter(interaction=interaction).exclude(state__in=NOT_SENT_STATES)
        on_the_way = GroupPost.objects.filter(
            interaction=interaction, state__in=[PostState.READY, PostState.SENT]
        )
        if others.exists() or on_the_way.exists():
            return
        step, _compiled, _params = _asked(interaction)
        if self.unconfirmed(interaction):
            return
        if step.run.launch == LaunchStep.SHADOW:  # nobody else was ever to have it
            audit_record(None, "interaction.undeliverable", interaction, reason)
            return
        Step.objects.filter(pk=step.pk).update(
            state=StepState.DEAD, reason=reason, ended_at=clock.now(), available_at=None
        )
        run_end(step.run, RunState.FAILED, "dead_letter", reason)
        interaction_show(
            interaction, state=InteractionState.FAILED, text=localized(gettext_noop("Nobody could be told."))
        )
        audit_record(None, "interaction.undeliverable", interaction, reason)

    def unconfirmed(self, interaction: Interaction) -> list[str]:
        """The rule's fallback, else its owner: whoever of them was not asked yet is asked now."""
        step, _compiled, params = _asked(interaction)
        asked = set(Delivery.objects.filter(interaction=interaction).values_list("user_id", flat=True))
        audience = audience_plan(
            [], params.get("fallback", ()), params.get("channels", ()), step.run.rule, step.run.record,
            interaction.card.get("data", {}),
        )  # fmt: skip
        posted = set(GroupPost.objects.filter(interaction=interaction).values_list("group_id", flat=True))
        chats = [
            target for target in audience.groups if target.group.pk not in posted and not step.run.launch
        ]
        if chats:
            posts_add([(interaction, target, 5) for target in chats])
        reached = targets_stage(step.run, audience.targets)
        fresh = [target for target in reached if target.user.pk not in asked]
        if fresh:
            targets_add(interaction, fresh)
        names = [target.user.display_name for target in fresh] + [str(target.group) for target in chats]
        return list(dict.fromkeys(names))


def _name(person: Any) -> str:
    return str(getattr(person, "display_name", person))


def _input_errors(
    chosen: Mapping[str, Any], interaction: Interaction, inputs: Mapping[str, Any]
) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    known = {each["name"] for each in chosen.get("inputs", ())}
    for name in inputs:
        if name not in known:
            errors[str(name)[:60]] = [_("This button has no such input.")]
    prefilled = _inputs(interaction, chosen["key"], inputs)
    for each in chosen.get("inputs", ()):
        problem = _input_problem(each, prefilled.get(each["name"]))
        if problem:
            errors[each["name"]] = [problem]
    return errors


def _input_problem(spec: Mapping[str, Any], value: Any) -> str | None:
    if value in (None, ""):
        return _("Please enter a value.")
    if isinstance(value, dict | list | bool) or len(str(value)) > MOST_TEXT:
        return _("This value cannot be used.")
    if spec.get("type") not in ("integer", "decimal"):
        return None
    try:
        number = decimal_read(value)
    except ValueError:
        return _("Please enter a number.")
    if spec["type"] == "integer" and number != number.to_integral_value():
        return _("Please enter a whole number.")
    minimum, maximum = spec.get("minimum"), spec.get("maximum")
    if minimum is not None and number < Decimal(str(minimum)):
        return _("At least %(minimum)s, please.") % {"minimum": minimum}
    if maximum is not None and number > Decimal(str(maximum)):
        return _("At most %(maximum)s, please.") % {"maximum": maximum}
    return None


def _inputs(interaction: Interaction, button: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """What the person entered, over what the card was prefilled with; numbers in plain form."""
    spec: Mapping[str, Any] = next(
        (each for each in interaction.card.get("buttons", ()) if each["key"] == button), {}
    )
    values: dict[str, Any] = {}
    for each in spec.get("inputs", ()):
        value = given.get(each["name"], each.get("value"))
        if value == MASK:  # a prefilled value the person may not see comes back as it was shown
            value = each.get("value")
        if value is None or isinstance(value, dict | list | bool):
            values[each["name"]] = "" if value is None else value
            continue
        text = str(value).strip()
        if each.get("type") in ("integer", "decimal"):
            try:
                number = decimal_read(text)
                text = format(number.normalize() if number else Decimal(0), "f")
            except ValueError:
                pass  # the check that follows says so to the person
        values[each["name"]] = text
    return values


def _changed(
    compiled: CompiledRule,
    params: Mapping[str, Any],
    user: User,
    record: Any,
    shown: Mapping[str, Any],
    now: Mapping[str, Any],
) -> list[Difference]:
    decision = may_see_record(user, record, Verb.TOLD)
    found = []
    for name in params.get("material", ()):
        if shown.get(name) == now.get(name):
            continue
        field = compiled.about.by_name[name]
        hidden = name in decision.masked
        found.append(
            Difference(
                name,
                field.label.in_language(user.language),
                MASK if hidden else field_format(field, shown, user.language, user.time_zone),
                MASK if hidden else field_format(field, now, user.language, user.time_zone),
            )
        )
    return found
