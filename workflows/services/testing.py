"""A test message to oneself: one action's card, as it would go out, to whoever asked and nobody else.

It is marked as a test, and its buttons answer only the test: nothing is written, no run is made. What it holds comes from
a recorded event the asker may see, without what the asker may not see of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from connectors.models import Event, EventState, Record
from kernel import clock
from kernel.audit import audit_record
from kernel.errors import ConfigError, NotFound, RateLimited
from kernel.text import LANGUAGES, Localized, localized
from messaging.bindings import Refusal
from messaging.models import Answer, Delivery, Interaction, InteractionState
from messaging.services.interactions import Target, interaction_open, interaction_show
from messaging.services.notices import NoticeHandler
from permissions.models import User
from permissions.policies import Gate
from workflows.blocks import Ask
from workflows.definition import StepSpec
from workflows.engine.recipients import People
from workflows.engine.rehearsal import Rehearsal, compile_definition
from workflows.models import Rule
from workflows.nesting import steps_walk
from workflows.selectors import event_view, visible_events
from workflows.selectors.shown import RecordView
from workflows.services.dryrun import event_occurrence
from workflows.services.trying import trying_refuse

HANDLER = "workflows.test"
PURPOSE = "test"
EXPIRES_SECONDS = 24 * 3600.0
MOST_AN_HOUR = 30
MOST_LOOKED_AT = 50
MARK = Localized("[Test] ", "【测试】")
SAID = gettext_noop("A test, sent by yourself. Its buttons do nothing but answer the test.")


def message_test(
    actor: User, rule: Rule, raw: Mapping[str, Any], pointer: str, event: int | None = None
) -> Interaction:
    """Send `actor` the card of the action at `pointer` (`/steps/0`), about `event`, else the newest the actor may see.

    Raises PermissionDenied, DefinitionInvalid for a draft that would not be published, NotFound where there is no such
    action or event, ConfigError where the actor cannot be reached, RateLimited after MOST_AN_HOUR in an hour.
    """
    trying_refuse(actor, rule, raw)
    _often_refuse(actor)
    rehearsal = Rehearsal(rule, compile_definition(rule, raw))
    found, view = _event(actor, rehearsal, event)
    ask = rehearsal.ask(event_occurrence(found), _step(raw, pointer))
    if ask is None:
        raise NotFound(_("This action tells nobody, so there is nothing to test."))
    targets = _targets(actor, ask)
    record = Record.objects.filter(connection=rule.connection_id, object=found.object, key=found.key).first()
    with transaction.atomic():
        interaction = interaction_open(
            card=_card(ask.card, view),
            shown={},
            targets=targets,
            record=record,
            event_id=None,
            source_event_id=f"test-{rule.pk}-{clock.now():%Y%m%d%H%M%S%f}",
            handler=HANDLER,
            handler_ref=str(rule.pk),
            expires_seconds=EXPIRES_SECONDS if ask.is_question else None,
            priority=ask.priority,
            is_question=ask.is_question,
            said=localized(SAID),
        )
        audit_record(actor, "rule.tested", rule, pointer)
    return interaction


def _often_refuse(actor: User) -> None:
    since = clock.now() - dt.timedelta(hours=1)
    recent = Delivery.objects.filter(user=actor, purpose=PURPOSE, created_at__gte=since)
    if recent.count() >= MOST_AN_HOUR:
        raise RateLimited(
            _("You have sent yourself %(count)d tests within an hour. Look at them first.")
            % {"count": MOST_AN_HOUR},
            retry_after_seconds=600.0,
        )


def _step(raw: Mapping[str, Any], pointer: str) -> StepSpec:
    placed = next((each for each in steps_walk(raw.get("steps")) if each.pointer == pointer), None)
    if placed is None:
        raise NotFound(_("The rule has no such action."))
    return StepSpec(placed.action, dict(placed.params))


def _event(actor: User, rehearsal: Rehearsal, pk: int | None) -> tuple[Event, RecordView]:
    compiled = rehearsal.compiled
    events = visible_events(actor).filter(
        connection=compiled.connection_id,
        object=compiled.about.name,
        state=EventState.PLANNED,
        trimmed_at__isnull=True,
    )
    gate = Gate(actor)
    wanted = events.filter(pk=pk) if pk is not None else events.order_by("-pk")[:MOST_LOOKED_AT]
    for each in wanted:
        view = event_view(gate, each)
        if view.decision.allowed:
            return each, view
    raise NotFound(_("Nothing of this kind that you may see was recorded yet, so there is nothing to show."))


def _targets(actor: User, ask: Ask) -> list[Target]:
    """Through the action's own messengers where the actor is linked to them, else the inbox."""
    people = People()
    for slugs in (ask.channels, ()):
        found = [
            Target(actor, channel, address, PURPOSE)
            for channel in people.channels(slugs)
            if (address := people.address(actor, channel))
        ]
        if found:
            return found
    raise ConfigError(_("You are not linked to any of its messengers."))


def _card(card: Mapping[str, Any], view: RecordView) -> dict[str, Any]:
    """Marked as a test, without what the reader may not see of the event: the record may be open to them by now."""
    title = Localized.from_json(card.get("title") or "")
    marked = {each: MARK.in_language(each) + title.in_language(each) for each in LANGUAGES}
    return {
        **card,
        "title": marked,
        "data": {name: value for name, value in card.get("data", {}).items() if not view.hides(name)},
        "buttons": [
            {
                **button,
                "replies": [],
                "inputs": [
                    {**each, "value": ""} if any(map(view.hides, each.get("reads", ()))) else each
                    for each in button.get("inputs", ())
                ],
            }
            for button in card.get("buttons", ())
        ],
    }


class TestHandler(NoticeHandler):
    """messaging.bindings.InteractionHandler of tests: an answer ends the test, and that is all it does."""

    def answer_refuse(
        self, interaction: Interaction, user: User, button: str, inputs: Mapping[str, Any], version: int
    ) -> Refusal | None:
        return None

    def answered(self, interaction: Interaction, answer: Answer) -> None:
        buttons = interaction.card.get("buttons", ())
        label = next((each.get("label") for each in buttons if each["key"] == answer.button), answer.button)
        text = localized(
            gettext_noop("Test: “%(label)s” was chosen ({at}). Nothing was carried out."),
            label=Localized.from_json(label),
        )
        interaction_show(interaction, state=InteractionState.DECIDED, text=text, at=clock.now())

    def expired(self, interaction: Interaction) -> None:
        text = localized(gettext_noop("The test is over ({at})."))
        interaction_show(interaction, state=InteractionState.EXPIRED, text=text, at=clock.now())
