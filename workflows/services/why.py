"""“Why was I not told?”: what a rule made of an event, in words, and what would have made it fire.

From the verdict that was recorded, the one evaluator over what planning saw, and the run's own rows. Nobody learns more
than through a dry run: an event or record the asker may not see is answered like one that does not exist, and a rule that
decides by a field the asker may not see keeps its verdict to itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from connectors.models import Event, EventState
from kernel.errors import NotFound, PermissionDenied
from kernel.models import AuditEntry
from kernel.text import Localized, text_show
from messaging.models import Delivery
from permissions.models import User
from permissions.objects import may_object
from permissions.policies import Gate
from workflows.conditions import Verdict, condition_trace
from workflows.engine.recorded import Eyes
from workflows.engine.rehearsal import Occurrence, Rehearsal, compile_definition
from workflows.models import Rule, RuleState, RuleVersion, Run, Step
from workflows.selectors import visible_events
from workflows.selectors.held import HELD
from workflows.selectors.needed import Needed, condition_needed
from workflows.selectors.runcondition import ConditionView, condition_view
from workflows.selectors.shown import RecordView, event_view, state_view
from workflows.services.dryrun import event_occurrence

SWITCHES = ("rule.published", "rule.switched_on", "rule.switched_off", "rule.loop", "rule.flood")
STOPPED = ("rule.switched_off", "rule.loop", "rule.flood")


@dataclass
class Why:
    """`told`: it fired, and people were told. `reasons` in the order of the flow; `needed` what would have made it true."""

    event: Event
    record: RecordView
    told: bool = False
    reasons: list[str] = field(default_factory=list)
    condition: ConditionView | None = None
    needed: Needed | None = None
    run: Run | None = None

    def because(self, *reasons: str) -> Why:
        self.reasons += [each for each in reasons if each]
        return self


def why_asked(actor: User, rule: Rule, *, event: int | None = None, key: str = "", username: str = "") -> Why:
    """Why `rule` did not tell (`username`) of an event, or of the newest event of the record `key`.

    Raises NotFound for what the asker may not see, too; PermissionDenied to ask for others without the right to build
    on the connection.
    """
    found = _event(actor, rule, event, key)
    person = _person(actor, rule, username) if username else None
    why = Why(found, event_view(Gate(actor), found))
    unplanned = _not_planned(found)
    if unplanned:
        return why.because(unplanned)
    version = _version_then(rule, found)
    if version is None:
        return why.because(_("The rule was not published yet when this happened."))
    watched = str(version.definition.get("trigger", {}).get("object"))
    if found.object != watched:
        return why.because(_("The rule watches another kind of record."))
    return _judged(why, actor, rule, version, person)


def _event(actor: User, rule: Rule, pk: int | None, key: str) -> Event:
    events = visible_events(actor).filter(connection=rule.connection_id).select_related("connection")
    if pk is not None:
        found = events.filter(pk=pk).first()
    else:
        about = rule.object or str(rule.draft.get("trigger", {}).get("object", ""))
        found = events.filter(object=about, key=key).order_by("-pk").first()
    if found is None or not event_view(Gate(actor), found).decision.allowed:
        raise NotFound(_("There is no such event or record, or you may not see it."))
    return found


def _person(actor: User, rule: Rule, username: str) -> User:
    if username != actor.username and not may_object(actor, "use", rule.connection):
        raise PermissionDenied(_("You may ask this only for yourself."))
    person = User.objects.filter(username=username).first()
    if person is None:
        raise NotFound(_("There is no person “%(name)s”.") % {"name": username})
    return person


def _not_planned(event: Event) -> str:
    words = {
        EventState.NEW: _("The rules have not looked at it yet."),
        EventState.NEEDS_MAPPING: _("Baton could not read it: its mapping needs an administrator."),
        EventState.SUPERSEDED: _("A newer state of this record was already seen, so no rule was asked."),
        EventState.FAILED: _("The rules could not be asked; it waits among the dead letters."),
    }
    return words.get(EventState(event.state), "")


def _version_then(rule: Rule, event: Event) -> RuleVersion | None:
    """The version that was asked: the one noted, else the newest that was published by then."""
    noted = next((each["version"] for each in event.verdicts if each["rule"] == rule.pk), None)
    versions = rule.versions.order_by("-number")
    if noted is not None:
        return versions.filter(number=noted).first()
    return versions.filter(published_at__lte=event.planned_at or event.detected_at).first()


def _was_stopped(rule: Rule, event: Event) -> bool:
    entries = AuditEntry.objects.filter(subject_type="workflows.rule", subject_id=str(rule.pk))
    moment = event.planned_at or event.detected_at
    last = entries.filter(action__in=SWITCHES, at__lte=moment).order_by("-at").first()
    if last is None:
        return rule.state != RuleState.LIVE
    return last.action in STOPPED


def _judged(why: Why, actor: User, rule: Rule, version: RuleVersion, person: User | None) -> Why:
    event = why.event
    rehearsal = Rehearsal(rule, compile_definition(rule, version.definition))
    compiled = rehearsal.compiled
    noted = next((each for each in event.verdicts if each["rule"] == rule.pk), None)
    if noted is None and _was_stopped(rule, event):
        return why.because(_("The rule was stopped when this happened."))
    if not compiled.takes(event.change):
        return why.because(_("This kind of change does not start the rule."))
    if event.trimmed_at is not None:
        return why.because(
            _("What the event told was removed by then, so it can no longer be explained."),
            str(HELD.get(noted["held"], noted["held"])) if noted and noted["held"] else "",
        )
    found = event_occurrence(event)
    if not Eyes(actor, compiled.about, rule.connection_id, compiled.definition).may_know(found):
        return why.because(
            _("The rule decides by a field you may not see, so you are not told what it decides.")
        )
    if noted is not None and noted["verdict"] == "broken":
        return why.because(
            _("The rule could not be evaluated: %(reason)s") % {"reason": text_show(noted["held"])}
        )
    verdict = _conditions(why, actor, rehearsal, version, found)
    if verdict is not Verdict.TRUE:
        return why.because(_NOT_TRUE[verdict]())
    if noted is None or not noted["fired"]:
        reason = noted["held"] if noted is not None else ""
        return why.because(_("The condition was true."), str(HELD.get(reason, reason)), _again(reason))
    return _fired(why, rule, person)


_NOT_TRUE = {
    Verdict.FALSE: lambda: _("The condition was not true."),
    Verdict.UNKNOWN: lambda: _("A value was missing, so it was not known whether the condition was true."),
}


def _again(reason: str) -> str:
    if reason in ("first_sight", "was_true", "was_unknown", "consumed"):
        return _("It fires the next time the condition becomes true after having been false.")
    return ""


def _conditions(
    why: Why, actor: User, rehearsal: Rehearsal, version: RuleVersion, found: Occurrence
) -> Verdict:
    compiled = rehearsal.compiled
    data = rehearsal.prepare(found)
    trace = condition_trace(compiled.definition.condition, rehearsal.schema, data).as_json()
    before = state_view(Gate(actor), compiled.connection_id, compiled.about.name, found.before)
    run = Run(trace={"condition": trace}, version=version)
    why.condition = condition_view(run, why.record, before)
    why.needed = condition_needed(compiled.definition.condition, trace, why.record)
    return compiled.condition.evaluate(data)


def _fired(why: Why, rule: Rule, person: User | None) -> Why:
    why.because(_("The condition was true, and the rule fired."))
    run = Run.objects.filter(rule=rule, event=why.event).first()
    if run is None:
        return why
    why.run = run
    steps = list(run.steps.filter(person__isnull=True).order_by("pk"))
    deliveries = Delivery.objects.filter(
        interaction__in=[each.interaction_id for each in steps if each.interaction_id]
    ).select_related("user", "connection")
    mine = [each for each in deliveries if person is None or each.user_id == person.pk]
    why.told = any(each.sent_at is not None for each in mine)
    why.because(*(_delivery_words(each) for each in mine))
    if not mine and person is not None:
        why.because(_("%(person)s was not among those it tells.") % {"person": person.display_name})
    why.because(*_notes(steps), text_show(run.reason))
    return why


def _notes(steps: list[Step]) -> list[str]:
    """Why people were left out, and why steps were not done; each once."""
    notes = [str(Localized.from_json(each)) for step in steps for each in step.output.get("notes", ())]
    return list(dict.fromkeys([*notes, *(text_show(step.reason) for step in steps)]))


def _delivery_words(delivery: Delivery) -> str:
    words: dict[str, Any] = {
        "person": delivery.user.display_name,
        "channel": delivery.connection.name,
        "state": delivery.get_state_display(),
        "reason": text_show(delivery.reason or delivery.last_error),
    }
    if words["reason"]:
        return _("%(person)s through %(channel)s: %(state)s. %(reason)s") % words
    return _("%(person)s through %(channel)s: %(state)s.") % words
