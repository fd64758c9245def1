"""A run as a story: every hop from the change in the ERP to the changed card, with its time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kernel.generation import generations_held
from kernel.text import Localized, text_show
from permissions.policies import Gate
from workflows.models import Run
from workflows.selectors.runcondition import ConditionView, condition_view
from workflows.selectors.rungraph import Node, run_graph
from workflows.selectors.runhops import Hop, iso
from workflows.selectors.runstory import Story
from workflows.selectors.shown import RecordView


@dataclass(frozen=True)
class RunTrace:
    """What `run_trace` gives. `allowed`: the reader may see the record; else every value is masked."""

    run: Run
    rule_name: str
    view: RecordView
    hops: Sequence[Hop]
    condition: ConditionView | None
    reason: str = ""
    durations: Mapping[str, float] = field(default_factory=dict)
    graph: Sequence[Node] = ()

    @property
    def allowed(self) -> bool:
        return self.view.decision.allowed

    def as_json(self) -> dict[str, Any]:
        run = self.run
        return {
            "id": run.pk,
            "rule": {"id": run.rule_id, "name": self.rule_name, "version": run.version.number},
            "event": run.event_id,
            "record": {
                "object": run.event.object,
                "key": self.view.key(run.event.key),
                "title": self.view.title,
                "allowed": self.allowed,
                "masked": sorted(self.view.decision.masked),
                "reasons": list(self.view.decision.reasons),
            },
            "state": run.state,
            "state_text": str(run.get_state_display()),
            "outcome": run.outcome,
            "reason": self.reason,
            "started_at": iso(run.started_at),
            "ended_at": iso(run.ended_at),
            "durations": dict(self.durations),
            "condition": self.condition.as_json() if self.condition else None,
            "graph": [each.as_json() for each in self.graph],
            "hops": [each.as_json() for each in self.hops],
        }


def run_trace(run: Run, user: Any) -> RunTrace:
    """The story of `run` as `user` may read it now, in the active language.

    Whether the run may be listed at all is `visible_runs`' to say. The number of queries is constant.
    """
    with generations_held():
        story = Story(run, Gate(user))
        hops = _timed(story.hops())
        return RunTrace(
            run=run,
            rule_name=str(Localized.from_json(run.rule.name)),
            view=story.view,
            hops=hops,
            condition=condition_view(run, story.view, story.before),
            reason=story.text(text_show(run.reason)),
            durations=_durations(run, hops),
            graph=run_graph(run, story.steps, hops),
        )


def _timed(hops: Sequence[Hop]) -> list[Hop]:
    """In the order of time, each with the seconds since the one before; those without a time come first."""
    first = [each for each in hops if each.at is None]
    timed = sorted(
        (each for each in hops if each.at is not None), key=lambda each: (each.at, each.kind == "ended")
    )
    found, before = list(first), None
    for each in timed:
        assert each.at is not None
        passed = (each.at - before).total_seconds() if before is not None else None
        found.append(replace(each, seconds=passed))
        before = each.at
    return found


def _durations(run: Run, hops: Sequence[Hop]) -> dict[str, float]:
    """`noticed`, `asked`, `carried_out` and `total`, in seconds, as far as they are known."""
    event = run.event
    sent = [person.sent_at for each in hops for person in each.people if person.sent_at is not None]
    answered = [
        each.at for each in hops if each.kind == "answered" and each.mood == "good" and each.at is not None
    ]
    read = [each.at for each in hops if each.kind == "read_back" and each.at is not None]
    pairs = {
        "noticed": (event.occurred_at, event.detected_at),
        "asked": (event.detected_at, min(sent, default=None)),
        "carried_out": (max(answered, default=None), max(read, default=None)),
        "total": (event.occurred_at or event.detected_at, run.ended_at),
    }
    return {
        name: (end - start).total_seconds()
        for name, (start, end) in pairs.items()
        if start is not None and end is not None
    }
