"""A dry run: what a rule would do on one event, by the production evaluator and the production cards. Nothing is stored.

Nobody learns more from it than they may see: what is masked for the asker is masked in everybody's message, and where the
rule decides by a field the asker may not see, neither its verdict nor what would follow is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from connectors.models import Event
from connectors.services.records import changed_fields
from kernel import clock
from kernel.errors import ConfigError, NotFound, PermissionDenied
from kernel.generation import generations_held
from permissions.models import User
from permissions.policies import Gate
from workflows.conditions import Verdict, condition_trace
from workflows.engine.rehearsal import Judged, Occurrence, Rehearsal, compile_definition
from workflows.engine.uses import fields_used
from workflows.models import Rule, RuleVersion, Run
from workflows.selectors.held import HELD
from workflows.selectors.runcondition import ConditionView, condition_view
from workflows.selectors.shown import RecordView, state_view
from workflows.services.preview import Preview, messages_preview
from workflows.services.trying import trying_refuse

HIDDEN = "hidden"
TYPED_KEY = "…"


@dataclass(frozen=True)
class Asked:
    """What to try: a recorded event, or typed values of the record."""

    event: int | None = None
    values: Mapping[str, Any] | None = None
    before: Mapping[str, Any] | None = None
    change: str = "changed"


@dataclass(frozen=True)
class DryRun:
    """`verdict` is `hidden` where it would tell a value the asker may not see; then nothing that follows is told."""

    found: Occurrence
    record: RecordView
    takes: bool
    verdict: str
    fires: bool
    text: str
    condition: ConditionView | None = None
    preview: Preview = field(default_factory=Preview)


def rule_dry_run(actor: User, rule: Rule, raw: Mapping[str, Any], asked: Asked) -> DryRun:
    """Raises PermissionDenied (the connection, or the record), NotFound, and DefinitionInvalid for a draft that would not
    be published.
    """
    trying_refuse(actor, rule, raw)
    with generations_held():
        return _run(actor, Rehearsal(rule, compile_definition(rule, raw)), raw, asked)


def _run(actor: User, rehearsal: Rehearsal, raw: Mapping[str, Any], asked: Asked) -> DryRun:
    found = _recorded(rehearsal, asked.event) if asked.event is not None else _typed(asked)
    compiled = rehearsal.compiled
    gate = Gate(actor)
    view = state_view(gate, compiled.connection_id, compiled.about.name, found.record)
    if not view.decision.allowed:
        raise PermissionDenied(_("You may not see this record."))
    if compiled.trigger.made:
        found = replace(found, change=compiled.trigger.made, before=None, changed=[])
    if not compiled.takes(found.change):
        text = _("This kind of change does not start the rule.")
        return DryRun(found, view, False, Verdict.UNKNOWN, False, text)
    if any(use.decides and view.hides(use.name) for use in fields_used(compiled.definition)):
        text = _("The rule decides by a field you may not see, so you are not told what it decides.")
        return DryRun(found, view, True, HIDDEN, False, text)
    is_made = bool(compiled.trigger.made)
    assumed = Verdict.FALSE if asked.event is None and found.before is None and not is_made else None
    judged = rehearsal.judge(found, was=assumed)
    assert judged is not None
    owner_sees = rehearsal.owner_sees(rehearsal.record(found))
    fires = judged.decided.fires and owner_sees
    return DryRun(
        found,
        view,
        True,
        judged.verdict.value,
        fires,
        _why(judged, owner_sees, assumed is not None),
        _condition(gate, rehearsal, raw, found, view, judged),
        messages_preview(view, rehearsal, found) if fires else Preview(),
    )


def _recorded(rehearsal: Rehearsal, pk: int) -> Occurrence:
    compiled = rehearsal.compiled
    event = Event.objects.filter(
        pk=pk, connection_id=compiled.connection_id, object=compiled.about.name
    ).first()
    if event is None:
        raise NotFound(_("There is no such event of this kind of record."))
    return event_occurrence(event)


def event_occurrence(event: Event) -> Occurrence:
    """Raises ConfigError for an event that tells no state."""
    record = event.after or event.before
    if record is None:
        raise ConfigError(_("This event could not be read; choose another one."))
    return Occurrence(
        id=event.pk,
        key=event.key,
        change=event.change,
        source=event.source,
        source_event_id=event.source_event_id,
        record=record,
        before=event.before,
        changed=list(event.changed),
        occurred_at=event.occurred_at,
        detected_at=event.detected_at,
        at=event.planned_at or event.detected_at,
    )


def _typed(asked: Asked) -> Occurrence:
    now = clock.now()
    record = dict(asked.values or {})
    return Occurrence(
        id=0,
        key=TYPED_KEY,
        change=asked.change,
        source="typed",
        source_event_id="",
        record=record,
        before=asked.before,
        changed=changed_fields(asked.before, record) if asked.before is not None else [],
        occurred_at=now,
        detected_at=now,
        at=now,
    )


def _why(judged: Judged, owner_sees: bool, assumed: bool) -> str:
    if judged.verdict is Verdict.FALSE:
        return _("The condition is not true, so nothing would happen.")
    if judged.verdict is Verdict.UNKNOWN:
        return _(
            "A value is missing, so it is not known whether the condition is true. Nothing would happen."
        )
    if not judged.decided.fires:
        return str(HELD[judged.decided.reason])
    if not owner_sees:
        return _("It would fire, but the rule's owner may not see this record, so nobody would be told.")
    if (opens := judged.decided.waits_until) is not None:
        shown = localtime(opens).strftime("%Y-%m-%d %H:%M")
        return _("It would fire, and wait until the rule's active hours begin: %(time)s.") % {"time": shown}
    if assumed:
        return _("It would fire, taken that the condition was not true before.")
    return _("It would fire.")


def _condition(
    gate: Gate,
    rehearsal: Rehearsal,
    raw: Mapping[str, Any],
    found: Occurrence,
    view: RecordView,
    judged: Judged,
) -> ConditionView | None:
    compiled = rehearsal.compiled
    trace = condition_trace(compiled.definition.condition, rehearsal.schema, judged.data)
    run = Run(trace={"condition": trace.as_json()}, version=RuleVersion(definition=dict(raw)))
    before = state_view(gate, compiled.connection_id, compiled.about.name, found.before)
    return condition_view(run, view, before)
