"""A rule started by another one, for the same record: its condition is asked, and its run stands beside the first on the same event.

A rule runs once for an event, so that rules which start each other come to an end by themselves. What the second one writes
counts as the doing of both (workflows/engine/causes.py), so that a circle through the ERP is seen too.
"""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext_noop

from kernel import clock, doorbell
from kernel.errors import Transient
from kernel.live import live_publish
from kernel.text import Localized, localized
from kernel.work import work_held
from workflows.conditions import Verdict, data_prepare
from workflows.engine.compiled import event_data, rule_version_compiled, schema_for
from workflows.engine.launching import in_tenth, launch_plan
from workflows.engine.loops import loops_stop
from workflows.engine.queues import EXECUTE_QUEUE
from workflows.models import LaunchStep, Rule, RuleState, Run, Step

STARTED_BY = "started_by"


def rule_start(step: Step, key: str) -> tuple[Run | None, Localized]:
    """The run of the rule `key` for the record of `step`, and in words what came of it. None where it was not started.

    Done twice it gives the same run. Raises ConfigError where the rule does not compile, and Transient.
    """
    event, record = step.run.event, step.run.record
    rule = (
        Rule.objects.filter(
            key=key, connection_id=event.connection_id, object=event.object, state=RuleState.LIVE
        )
        .select_related("current", "launch", "owner")
        .first()
    )
    if rule is None or rule.current is None or record is None:
        text = gettext_noop("The rule “%(rule)s” is not in force for these records; it was not started.")
        return None, localized(text, rule=key)
    name = Localized.from_json(rule.name)
    found = Run.objects.filter(rule=rule, event=event).first()
    if found is not None:
        if found.trace.get(STARTED_BY) == step.run_id:
            return found, _started(name, found)
        text = gettext_noop(
            "“%(rule)s” runs for this event already (run #%(run)s); it was not started again."
        )
        return None, localized(text, rule=name, run=found.pk)
    compiled, plan = rule_version_compiled(rule, rule.current), launch_plan(rule)
    state = record.planned_data or event.after or event.before or {}
    data = data_prepare(
        schema_for(compiled.about), event_data(state, event.before, event, list(event.changed))
    )
    if compiled.condition.evaluate(data) is not Verdict.TRUE:
        return None, localized(
            gettext_noop("The condition of “%(rule)s” is not true; it was not started."), rule=name
        )
    if plan.step == LaunchStep.TENTH and not in_tenth(rule.pk, event.key):
        text = gettext_noop("“%(rule)s” is launched for a tenth of the records, and this is none of them.")
        return None, localized(text, rule=name)
    with transaction.atomic():
        if not work_held(step):
            raise Transient("Another worker has taken this step over.")
        run = Run.objects.create(
            rule=rule,
            version=rule.current,
            event=event,
            record=record,
            stops=rule.stops,
            launch=plan.mark,
            trace={
                "condition": compiled.trace.of(data).as_json(),
                "number": compiled.number,
                STARTED_BY: step.run_id,
            },
        )
        first = compiled.definition.steps[0].action
        Step.objects.create(run=run, path="/steps/0", action=first, available_at=clock.now())
        loops_stop([run])
        live_publish("staff", type="run", id=run.pk)
        doorbell.ring(EXECUTE_QUEUE)
    return run, _started(name, run)


def _started(name: Localized, run: Run) -> Localized:
    return localized(gettext_noop("“%(rule)s” was started (run #%(run)s)."), rule=name, run=run.pk)
