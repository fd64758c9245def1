"""From the rows of a run to the hops of its story, masked for one reader."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from kernel.errors import ConfigError
from kernel.text import Localized, text_show
from messaging.formatting import moment_format
from messaging.models import Answer, Delivery, Interaction, InteractionState
from permissions.models import User
from permissions.policies import MASK, Gate
from workflows.catalog import ACTIONS
from workflows.definition import definition_read, step_at
from workflows.models import Attempt, Run, RunState, Step, StepState
from workflows.selectors.runhops import AttemptView, Hop, PersonView
from workflows.selectors.shown import FieldView, RecordView, state_view

KEY_LENGTH = 8
SHOWN_ATTEMPTS = 20


class Story:
    def __init__(self, run: Run, gate: Gate) -> None:
        self.run, self.gate = run, gate
        event = run.event
        self.view = state_view(gate, event.connection_id, event.object, event.after or event.before)
        self.before = state_view(gate, event.connection_id, event.object, event.before or event.after)
        self.steps = list(run.steps.select_related("person").order_by("id"))
        self.questions = Interaction.objects.in_bulk(
            {each.interaction_id for each in self.steps if each.interaction_id}
        )
        self.asking = {
            each.interaction_id: each.path
            for each in self.steps
            if each.interaction_id and not each.person_id
        }
        self.tries: dict[int, list[Attempt]] = {}
        for attempt in Attempt.objects.filter(step__run=run).order_by("step_id", "id"):
            self.tries.setdefault(attempt.step_id, []).append(attempt)
        self.deliveries: dict[int, list[Delivery]] = {}
        for delivery in (
            Delivery.objects.filter(interaction__in=self.questions)
            .select_related("user", "connection")
            .order_by("id")
        ):
            self.deliveries.setdefault(delivery.interaction_id, []).append(delivery)
        self.answers = list(
            Answer.objects.filter(interaction__in=self.questions).select_related("user").order_by("id")
        )

    def text(self, words: str, *, holds_values: bool = False) -> str:
        """Free text may tell values: it is hidden with them."""
        decision = self.view.decision
        hidden = not decision.allowed or (holds_values and decision.masked)
        return MASK if words and hidden else words

    def hops(self) -> list[Hop]:
        run, event = self.run, self.run.event
        how = {"poll": _("by polling"), "hook": _("by an inbound event")}.get(event.source, event.source)
        happened = {"schedule": _("It was time"), "hand": _("Somebody started it by hand")}.get(
            event.source, _("It happened in the ERP")
        )
        detected = _("Baton noticed it, %(how)s") % {"how": how}
        found = [
            Hop("happened", happened, event.occurred_at, fields=self._changed(),
                text="" if event.occurred_at else _("The source did not say when."), path="/trigger"),
            Hop("detected", detected if event.for_rule_id is None else _("Baton noted it"), event.detected_at,
                path="/trigger"),
            Hop("evaluated", _("The rule's condition became true"), event.planned_at, "good", path="/condition"),
            Hop("started", _("The run started"), run.started_at),
        ]  # fmt: skip
        for step in self.steps:
            found += [replace(each, path=step.path) for each in self._step(step)]
        for answer in self.answers:
            found.append(self._answered(answer))
        if run.ended_at is not None:
            mood = "bad" if run.state == RunState.FAILED else "good"
            found.append(
                Hop(
                    "ended",
                    _("The run ended: %(state)s") % {"state": run.get_state_display()},
                    run.ended_at,
                    mood,
                    path="/end",
                )
            )
        return found

    def _step(self, step: Step) -> list[Hop]:
        action = ACTIONS.get(step.action) if step.action in ACTIONS else None
        if action is not None and action.asks:
            return self._asked(step)
        if action is None or action.writes:
            return self._written(step)
        moods = {StepState.DONE: "good", StepState.REFUSED: "bad", StepState.DEAD: "bad"}
        return [
            Hop(
                "acted",
                str(action.label),
                step.ended_at or step.created_at,
                "plain" if step.state == StepState.SKIPPED else moods.get(StepState(step.state), "wait"),
                text=self._with_time(self._step_text(step), str(step.output.get("until", ""))),
                attempts=self._attempts(step),
                replay_step=step.pk if step.state == StepState.DEAD else None,
            )
        ]

    def _with_time(self, words: str, moment: str) -> str:
        """`{at}` in a step's words is the moment the step waits for."""
        if "{at}" not in words or not moment:
            return words
        user = self.gate.user
        shown = moment_format(dt.datetime.fromisoformat(moment), user.language, user.time_zone)
        return words.replace("{at}", shown)

    def _changed(self) -> list[FieldView]:
        names = self.run.event.changed or []
        return [
            FieldView(each, self.view.label(each), f"{self.before.value(each)} → {self.view.value(each)}"
                      if not (self.view.hides(each) or self.before.hides(each)) else MASK,
                      self.view.hides(each) or self.before.hides(each))
            for each in names
        ]  # fmt: skip

    def _asked(self, step: Step) -> list[Hop]:
        people = [self._person(each) for each in self.deliveries.get(step.interaction_id or 0, ())]
        notes = [self.text(str(Localized.from_json(each))) for each in step.output.get("notes", ())]
        question = self.questions.get(step.interaction_id or 0)
        title, mood = _("People were asked"), "plain"
        if step.action == "send":
            title = _("People were told")
        if step.state == StepState.DEAD:
            title, mood = _("Nobody could be asked"), "bad"
        elif question is None:
            title, mood = _("About to ask people"), "wait"
        found = [
            Hop("asked", title, question.created_at if question else step.ended_at or step.created_at, mood,
                text=self._step_text(step), people=people, notes=notes, attempts=self._attempts(step),
                replay_step=step.pk if step.state == StepState.DEAD else None)
        ]  # fmt: skip
        if question is not None and question.state_text.get("at"):
            bad = question.state == InteractionState.FAILED
            words = _without_time(str(Localized.from_json(question.state_text)))
            changed_at = dt.datetime.fromisoformat(question.state_text["at"])
            text = self.text(words, holds_values=bad)
            found.append(
                Hop(
                    "card",
                    _("The card changed for everybody"),
                    changed_at,
                    "bad" if bad else "good",
                    text=text,
                )
            )
        return found

    def _answered(self, answer: Answer) -> Hop:
        button = self._button(answer)
        text = _("%(person)s answered “%(button)s”")
        if not answer.accepted:
            text = _("%(person)s’s “%(button)s” was refused")
        question = self.questions[answer.interaction_id]
        spec: Any = next(
            (each for each in question.card.get("buttons", ()) if each["key"] == answer.button), {}
        )
        inputs = spec.get("inputs", ())
        labels = {
            each["name"]: str(Localized.from_json(each.get("label") or each["name"])) for each in inputs
        }
        hidden = {each["name"] for each in inputs if any(map(self.view.hides, each.get("reads", ())))}
        if not self.view.decision.allowed:
            hidden = set(answer.inputs)
        fields = [
            FieldView(name, labels.get(name, name), MASK if name in hidden else str(value), name in hidden)
            for name, value in answer.inputs.items()
        ]
        how = _("to version %(version)s of the card, through %(channel)s")
        return Hop(
            "answered",
            text % {"person": _name(answer.user), "button": button},
            answer.answered_at,
            "good" if answer.accepted else "bad",
            text=self.text(text_show(answer.reason), holds_values=True),
            fields=fields,
            notes=[how % {"version": answer.version, "channel": answer.channel}],
            path=f"{self.asking.get(answer.interaction_id, '')}/buttons/{answer.button}",
        )

    def _button(self, answer: Answer) -> str:
        card = self.questions[answer.interaction_id].card
        label = next(
            (each.get("label") for each in card.get("buttons", ()) if each["key"] == answer.button), None
        )
        return str(Localized.from_json(label or answer.button))

    def _written(self, step: Step) -> list[Hop]:
        output = step.output
        params_object = self._object_of(step)
        written = output.get("written") or (output.get("sent") or {}).get("values") or {}
        view = state_view(self.gate, self.run.event.connection_id, params_object, written)
        titles = {
            StepState.DONE: (_("Written into the ERP"), "good"),
            StepState.REFUSED: (_("Nothing was written"), "bad"),
            StepState.DEAD: (_("It could not be written"), "bad"),
            StepState.SKIPPED: (_("Not written: skipped"), "plain"),
        }
        title, mood = titles.get(StepState(step.state), (_("Being written into the ERP"), "wait"))
        found = [
            Hop(
                "written",
                title,
                step.sent_at or step.ended_at or step.created_at,
                mood,
                text=self._step_text(step),
                fields=view.fields() if self.view.decision.allowed else _all_masked(view),
                attempts=self._attempts(step),
                idempotency_key=step.idempotency_key.hex[:KEY_LENGTH],
                notes=[_("for %(person)s") % {"person": _name(step.person)}],
                replay_step=step.pk if step.state == StepState.DEAD else None,
            )
        ]
        if output.get("read_back") is not None and step.ended_at:
            found.append(self._read_back(step, params_object))
        return found

    def _object_of(self, step: Step) -> str:
        """The object a step writes; the rule's own where its version no longer reads."""
        try:
            params = step_at(definition_read(self.run.version.definition), step.path).params
        except ConfigError:
            return self.run.event.object
        return str(params.get("object") or self.run.event.object)

    def _read_back(self, step: Step, object_name: str) -> Hop:
        output = step.output
        view = state_view(self.gate, self.run.event.connection_id, object_name, output["read_back"])
        mismatch = output.get("mismatch") or {}
        number = str(output.get("number") or "")
        title = _("Read back: %(number)s") % {"number": number if view.decision.allowed else MASK}
        notes = [
            _("%(field)s: %(wanted)s was approved, %(found)s is there")
            % {
                "field": view.label(name),
                "wanted": MASK if view.hides(name) else each["wanted"],
                "found": MASK if view.hides(name) else each["found"],
            }
            for name, each in mismatch.items()
        ]
        text = "" if mismatch else _("Equal to what was approved.")
        mood = "bad" if mismatch else "good"
        return Hop("read_back", title, step.ended_at, mood, text=text, fields=view.fields(), notes=notes)

    def _step_text(self, step: Step) -> str:
        words = text_show(step.reason) or step.last_error
        return self.text(words, holds_values=bool(step.output.get("changed") or step.output.get("mismatch")))

    def _attempts(self, step: Step) -> list[AttemptView]:
        return [
            AttemptView(each.number, each.started_at, each.ended_at, each.outcome, self.text(each.message))
            for each in self.tries.get(step.pk, ())[-SHOWN_ATTEMPTS:]
        ]

    def _person(self, delivery: Delivery) -> PersonView:
        return PersonView(
            name=_name(delivery.user),
            channel=delivery.connection.name,
            state=delivery.state,
            state_text=str(delivery.get_state_display()),
            reason=text_show(delivery.reason or delivery.last_error),
            sent_at=delivery.sent_at,
            delivered_at=delivery.delivered_at,
            seen_at=delivery.seen_at,
        )


def _all_masked(view: RecordView) -> list[FieldView]:
    return [FieldView(each.name, each.label, MASK, True) for each in view.fields()]


def _without_time(words: str) -> str:
    """A stored sentence without its place for the local time: the hop shows the time itself."""
    return re.sub(r"\s*(?:[(（]\{at\}[)）]|,?\s*(?:at |于 )?\{at\})", "", words).strip()


def _name(person: Any) -> str:
    return person.display_name if isinstance(person, User) else "–"
