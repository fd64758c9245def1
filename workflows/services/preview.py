"""The messages a rule would send, drawn as they would go out: by the production card and each messenger's own render()."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from connectors import catalog
from connectors.ports.im import Message, Rendered
from connectors.services.rendering import message_rendered, message_rendered_everywhere
from kernel.errors import BatonError
from kernel.text import Localized
from messaging.card import card_render, card_title_only
from messaging.formatting import moment_format
from messaging.models import Interaction, InteractionState, PostPlan
from messaging.services.groupplan import WORDS, group_plan
from messaging.services.interactions import GroupTarget, Target
from permissions.models import Verb
from permissions.policies import Decision, Gate, record_decide
from workflows.blocks import Ask, Done, RuleScope, Until
from workflows.catalog import ACTIONS
from workflows.definition import StepSpec
from workflows.engine.rehearsal import Occurrence, Rehearsal, Rehearsed
from workflows.engine.uses import fields_of
from workflows.selectors.shown import RecordView
from workflows.sentence import action_sentence
from workflows.services.checking import rule_scope


@dataclass(frozen=True)
class PersonSeen:
    """One person who would be told: `masked` are the labels of what that person would not see."""

    username: str
    name: str
    purpose: str
    masked: list[str]


@dataclass(frozen=True)
class MessageSeen:
    """One message as it would go out. `step` is the path of the action that sends it."""

    step: str
    username: str
    name: str
    channel: str
    connector: str
    label: str
    message: Message
    rendered: Rendered


@dataclass(frozen=True)
class GroupSeen:
    """What would become of a message to a group chat, and what the gate says of each member."""

    step: str
    chat: str
    name: str
    plan: str
    label: str
    why: str
    members_at: str
    members: list[dict[str, str]]
    message: Message | None


@dataclass(frozen=True)
class ElsewhereSeen:
    """The first message as another messenger of the catalog would send it."""

    connector: str
    label: str
    rendered: Rendered


@dataclass(frozen=True)
class ButtonSeen:
    key: str
    label: str
    follows: list[str]


@dataclass(frozen=True)
class ActSeen:
    """One action in the order it would come: what it is, in words, and what it would decide or do now."""

    step: str
    label: str
    words: str
    text: str


@dataclass
class Preview:
    acts: list[ActSeen] = field(default_factory=list)
    people: list[PersonSeen] = field(default_factory=list)
    messages: list[MessageSeen] = field(default_factory=list)
    elsewhere: list[ElsewhereSeen] = field(default_factory=list)
    buttons: list[ButtonSeen] = field(default_factory=list)
    groups: list[GroupSeen] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def messages_preview(view: RecordView, rehearsal: Rehearsal, found: Occurrence) -> Preview:
    """`view` is the record as the asker may see it: no message shows more."""
    preview = Preview()
    scope = rule_scope(rehearsal.rule.connection, rehearsal.compiled.about.name)
    steps = rehearsal.steps(found)
    while True:
        try:
            each = next(steps, None)
        except BatonError as error:
            preview.notes.append(error.message)
            break
        if each is None:
            break
        if isinstance(each.result, Done) and each.result.into and _hides(view, each.spec):
            preview.notes.append(_("What follows depends on a field you may not see."))
            break
        preview.acts.append(_act(each, scope))
        if ACTIONS.get(each.spec.action).asks:
            _tells(preview, view, rehearsal, found, each)
            preview.buttons += _buttons(scope, each.spec.params)
    if preview.messages:
        preview.elsewhere = _elsewhere(preview.messages[0].message)
    return preview


def people_fields(params: Mapping[str, Any]) -> list[str]:
    """The fields of the record that say whom a step tells."""
    specs = [*params.get("recipients", ()), *params.get("fallback", ())]
    return [str(each.get("field")) for each in specs if each.get("type") == "record_person"]


def card_of(rehearsal: Rehearsal, found: Occurrence, asked: Ask) -> Interaction:
    """The card as it would be stored; it is not."""
    return Interaction(
        record=rehearsal.record(found),
        card=dict(asked.card),
        source_event_id=found.source_event_id,
        state=InteractionState.OPEN if asked.is_question else InteractionState.DECIDED,
    )


def _hides(view: RecordView, spec: StepSpec) -> bool:
    return any(view.hides(name) for name in fields_of(spec.params.get("condition")))


def _act(each: Rehearsed, scope: RuleScope) -> ActSeen:
    """The action in words, and what it would decide."""
    action, result = ACTIONS.get(each.spec.action), each.result
    text = ""
    if isinstance(result, Done) and result.note is not None:
        text = str(result.note)
    elif isinstance(result, Until):
        moment = moment_format(result.moment, get_language() or "en", get_current_timezone_name())
        text = str(result.text).replace("{at}", moment)
    return ActSeen(each.path, str(action.label), str(action.sentence(each.spec.params, scope)), text)


def _tells(
    preview: Preview, view: RecordView, rehearsal: Rehearsal, found: Occurrence, each: Rehearsed
) -> None:
    step = each.spec
    if any(view.hides(name) for name in people_fields(step.params)):
        preview.notes.append(_("Whom it tells depends on a field you may not see."))
        return
    try:
        asked = rehearsal.ask(found, step)
    except BatonError as error:
        preview.notes.append(error.message)
        return
    if asked is None:
        return
    audience = rehearsal.audience(found, rehearsal.record(found), step)
    preview.notes += [str(note) for note in dict.fromkeys(audience.notes)]
    for target in audience.targets:
        _one(preview, view, rehearsal, found, asked, target, each.path)
    for group in audience.groups:
        preview.groups.append(_group(view, rehearsal, found, asked, group, each.path))


def _one(
    preview: Preview,
    view: RecordView,
    rehearsal: Rehearsal,
    found: Occurrence,
    asked: Ask,
    target: Target,
    step: str,
) -> None:
    record = rehearsal.record(found)
    decision = record_decide(Gate(target.user), record, Verb.TOLD)
    if all(each.username != target.user.username for each in preview.people):
        preview.people.append(
            PersonSeen(
                target.user.username,
                target.user.display_name,
                target.purpose,
                _masked_labels(rehearsal, found, decision),
            )
        )
    interaction = card_of(rehearsal, found, asked)
    try:
        with override(target.user.language):
            message = card_render(interaction, target.user, decision.within(view.decision))
            payload = message_rendered(target.connection, message).payload
        degraded = message_rendered(target.connection, message).degraded  # in the asker's words
    except BatonError as error:
        preview.notes.append(error.message)
        return
    preview.messages.append(
        MessageSeen(
            step,
            target.user.username,
            target.user.display_name,
            target.connection.slug,
            target.connection.connector,
            str(target.connection.manifest.label),
            message,
            Rendered(payload, degraded),
        )
    )


def _group(
    view: RecordView,
    rehearsal: Rehearsal,
    found: Occurrence,
    asked: Ask,
    target: GroupTarget,
    step: str,
) -> GroupSeen:
    """By the members as they were last told: a dry run asks nobody outside."""
    record, chat = rehearsal.record(found), target.group
    plan = group_plan(chat, record, target.otherwise)
    interaction = card_of(rehearsal, found, asked)
    message = None
    if plan.plan == PostPlan.LINK:
        message = card_title_only(interaction, chat)
    elif plan.plan in (PostPlan.SEND, PostPlan.MASK):
        with override(chat.language):
            message = card_render(interaction, chat, plan.met.within(view.decision))
    return GroupSeen(
        step,
        chat.ref,
        chat.name,
        plan.plan.value,
        str(plan.plan.label),
        str(plan.why),
        chat.members_at.isoformat() if chat.members_at is not None else "",
        [
            {
                "name": each.user.display_name if each.user is not None else each.address,
                "verdict": each.verdict,
                "words": _(WORDS[each.verdict]),
            }
            for each in plan.members
        ],
        message,
    )


def _masked_labels(rehearsal: Rehearsal, found: Occurrence, decision: Decision) -> list[str]:
    return [
        str(each.label)
        for each in rehearsal.compiled.about.fields
        if each.name in decision.masked and found.record.get(each.name) not in (None, "")
    ]


def _elsewhere(message: Message) -> list[ElsewhereSeen]:
    return [
        ElsewhereSeen(key, str(catalog.manifest(key).label), rendered)
        for key, rendered in message_rendered_everywhere(message).items()
    ]


def _buttons(scope: RuleScope, params: Mapping[str, Any]) -> list[ButtonSeen]:
    return [
        ButtonSeen(
            str(button["key"]),
            str(Localized.from_json(button.get("label") or button["key"])),
            [str(action_sentence(each, scope)) for each in button.get("then", ())],
        )
        for button in params.get("buttons", ())
    ]
