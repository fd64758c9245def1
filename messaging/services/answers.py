"""Taking an answer: the gate, what the person saw, and one decision by compare-and-set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_noop

from kernel import clock
from kernel.audit import audit_record
from kernel.text import Localized, localized
from messaging.bindings import Difference, Refusal, handler_of
from messaging.card import state_text
from messaging.models import Answer, Delivery, Interaction, InteractionState
from messaging.selectors import deliveries_told
from messaging.services.confirming import deliveries_confirm
from permissions.models import User, Verb
from permissions.policies import Decision, Gate, may_see_record, record_decide


@dataclass(frozen=True)
class AnswerResult:
    """`status`: taken, decided (somebody was first), changed (look again), refused, invalid."""

    status: str
    message: str = ""
    changed: tuple[Difference, ...] = ()
    errors: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def taken(self) -> bool:
        return self.status == "taken"


def version_seen(interaction: Interaction, user: User, version: int | None) -> int:
    """The version an answer is bound to: the one it names, else the newest this person was shown."""
    if version is not None:
        return version
    seen = (
        Delivery.objects.filter(interaction=interaction, user=user)
        .order_by("-seen_version")
        .values_list("seen_version", "version")
        .first()
    )
    if seen is None:
        return interaction.version
    return seen[0] or seen[1] or 1


def answer_submit(
    interaction_id: int,
    user: User,
    button: str,
    inputs: Mapping[str, Any],
    *,
    version: int | None,
    channel: str,
) -> AnswerResult:
    """Take one person's answer. Safe to call twice and at once: exactly one answer is accepted in a round."""
    with transaction.atomic():
        interaction = (
            Interaction.objects.select_for_update(of=("self",), no_key=True)
            .select_related("record")
            .get(pk=interaction_id)
        )
        if interaction.state != InteractionState.OPEN:
            return AnswerResult("decided", _decided_words(interaction, user))
        denied = _gate_refuse(interaction, user)
        if denied is not None:
            _refused_note(interaction, user, button, inputs, channel, version or interaction.version, denied)
            return AnswerResult("refused", denied.in_language(user.language))
        keys = [each["key"] for each in interaction.card.get("buttons", ())]
        if button not in keys:
            unknown = localized(gettext_noop("This card has no such button."))
            return AnswerResult("invalid", unknown.in_language(user.language))
        seen = version_seen(interaction, user, version)
        refusal = handler_of(interaction).answer_refuse(interaction, user, button, inputs, seen)
        if refusal is not None:
            return _refusal_result(interaction, user, button, inputs, channel, seen, refusal)
        closed = Interaction.objects.filter(
            pk=interaction.pk, state=InteractionState.OPEN, round=interaction.round
        ).update(
            state=InteractionState.WORKING,
            decided_by=user,
            decided_at=clock.now(),
            decision={"button": button, "inputs": dict(inputs), "channel": channel, "version": seen},
        )
        if not closed:
            interaction.refresh_from_db()
            return AnswerResult("decided", _decided_words(interaction, user))
        interaction.refresh_from_db()
        answer = Answer.objects.create(
            interaction=interaction,
            user=user,
            round=interaction.round,
            version=seen,
            button=button,
            inputs=dict(inputs),
            channel=channel,
            accepted=True,
        )
        audit_record(
            user, "answer.accepted", interaction, button, inputs=dict(inputs), channel=channel, version=seen
        )
        deliveries_confirm(user, [interaction.pk])
        handler_of(interaction).answered(interaction, answer)
        return AnswerResult("taken")


def _gate_refuse(interaction: Interaction, user: User) -> Localized | None:
    if not deliveries_told(user).filter(interaction=interaction).exists():
        return localized(gettext_noop("You were not asked this."))
    gate = Gate(user)
    record = interaction.record
    allowed = gate.active if record is None else record_decide(gate, record, Verb.ANSWER).allowed
    if not allowed:
        return localized(gettext_noop("You may not answer this (any more)."))
    return None


def gate_now(interaction: Interaction, user: User) -> Decision:
    """What this person may see of the question at this moment."""
    if interaction.record is None:
        return Decision(Gate(user).active)
    return may_see_record(user, interaction.record, Verb.TOLD)


def _decided_words(interaction: Interaction, user: User) -> str:
    decision = gate_now(interaction, user)
    if not decision.allowed:
        return str(interaction.get_state_display())
    words = state_text(interaction.state_text, user.language, user.time_zone, decision)
    if interaction.state == InteractionState.WORKING and interaction.decided_by is not None:
        decider = interaction.decided_by
        who = localized(
            gettext_noop("%(name)s has already answered."), name=getattr(decider, "display_name", decider)
        )
        return " ".join(filter(None, [who.in_language(user.language), words]))
    return words or str(interaction.get_state_display())


def _refusal_result(
    interaction: Interaction,
    user: User,
    button: str,
    inputs: Mapping[str, Any],
    channel: str,
    seen: int,
    refusal: Refusal,
) -> AnswerResult:
    message = refusal.message.in_language(user.language)
    if refusal.errors:
        return AnswerResult("invalid", message, errors=refusal.errors)
    _refused_note(interaction, user, button, inputs, channel, seen, refusal.message)
    return AnswerResult("changed" if refusal.changed else "refused", message, refusal.changed)


def _refused_note(
    interaction: Interaction,
    user: User,
    button: str,
    inputs: Mapping[str, Any],
    channel: str,
    version: int,
    why: Localized,
) -> None:
    Answer.objects.create(
        interaction=interaction,
        user=user,
        round=interaction.round,
        version=version,
        button=button[:60],
        inputs=dict(inputs),
        channel=channel,
        reason=why.en,
    )
    audit_record(user, "answer.refused", interaction, why.en, button=button[:60], channel=channel)


def interaction_reopen(interaction: Interaction) -> None:
    """Ask again: the accepted answer could not be carried out. The next answer belongs to a new round."""
    Interaction.objects.filter(pk=interaction.pk).update(
        round=F("round") + 1, decided_by=None, decided_at=None, decision={}
    )
    interaction.refresh_from_db()
