"""A wait is a row that is due at its moment: not before, once, whatever is killed meanwhile; it ends with its rule."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils.timezone import get_default_timezone

from connectors.dictionary.types import FieldType
from kernel import clock
from kernel.work import leases_orphaned_release
from messaging.models import Interaction
from messaging.services.answers import answer_submit
from permissions.models import User
from tests.workflows.engine.source import Source, asking, telling
from workflows.actions.wait import ACTION, wait_end
from workflows.blocks import RuleScope
from workflows.conditions import ConditionSchema, FieldSpec
from workflows.engine.execute import execute_drain
from workflows.engine.finish import GIVE_UP_DAYS
from workflows.models import Attempt, Run, Step
from workflows.selectors import run_trace
from workflows.services.rules import rule_switch_off

pytestmark = pytest.mark.database
T0 = dt.datetime(2026, 3, 2, 2, 0, tzinfo=dt.UTC)
HOUR = 3600.0


def waiting(**params: Any) -> dict[str, Any]:
    return {"action": "wait", "params": params}


def at(hours: float) -> dt.datetime:
    return T0 + dt.timedelta(hours=hours)


def told() -> list[str]:
    return [each.card["title"] for each in Interaction.objects.order_by("pk")]


def begin(source: Source, *steps: dict[str, Any]) -> None:
    source.rule(steps=list(steps))
    with clock.frozen(T0):
        source.tell(120, 90)
        source.work()


def test_what_follows_comes_when_the_time_is_over_and_not_before(source: Source) -> None:
    begin(source, waiting(seconds=2 * HOUR), telling("later"))
    step = Step.objects.get()
    assert (step.state, step.available_at, step.output) == ("ready", at(2), {"until": at(2).isoformat()})
    with clock.frozen(at(1.99)):
        source.work()
    assert (told(), Run.objects.get().state) == ([], "running")
    with clock.frozen(at(2)):
        source.work()
        source.work()
    assert told() == ["later"]
    assert (Run.objects.get().state, Step.objects.order_by("pk").first().state) == ("done", "done")  # type: ignore[union-attr]


def test_a_long_wait_is_no_failure(source: Source) -> None:
    """It outlasts the days after which a step that does not get on is given up, and is looked at twice in all."""
    begin(source, waiting(seconds=(GIVE_UP_DAYS + 4) * 24 * HOUR), telling("later"))
    with clock.frozen(at((GIVE_UP_DAYS + 4) * 24)):
        source.work()
    assert told() == ["later"]
    assert list(Attempt.objects.filter(step__action="wait").values_list("outcome", flat=True)) == [
        "until",
        "done",
    ]


def test_a_worker_that_ends_while_it_looks_changes_nothing(source: Source) -> None:
    begin(source, waiting(seconds=HOUR), telling("later"))
    Step.objects.update(lease_owner="somewhere.1.1", lease_until=at(1.1))
    with clock.frozen(at(1)):
        source.work()
        assert told() == []
    with clock.frozen(at(1.1)):
        leases_orphaned_release()
        source.work()
    assert told() == ["later"]


def test_a_clock_that_is_set_back_makes_it_look_again_and_wait_on(source: Source) -> None:
    begin(source, waiting(seconds=2 * HOUR), telling("later"))
    Step.objects.update(available_at=at(1))
    with clock.frozen(at(1)):
        assert execute_drain() == 1
    assert (told(), Step.objects.get().available_at) == ([], at(2))


def test_it_ends_when_the_rule_is_stopped(source: Source) -> None:
    admin = User.objects.create_superuser("boss", password="x", language="en")
    begin(source, waiting(seconds=HOUR), telling("later"))
    with clock.frozen(at(0.5)):
        rule_switch_off(admin, Run.objects.get().rule)
    step, run = Step.objects.get(), Run.objects.get()
    assert (step.state, step.available_at, run.state, run.outcome) == (
        "skipped",
        None,
        "cancelled",
        "switched_off",
    )
    with clock.frozen(at(2)):
        source.work()
    assert told() == []


def test_behind_a_button_the_card_says_until_when(source: Source) -> None:
    buttons = [{"key": "ok", "label": "OK", "then": [waiting(seconds=HOUR)]}]
    begin(source, asking(buttons=buttons))
    with clock.frozen(T0):
        answer = answer_submit(
            Interaction.objects.get().pk, source.person, "ok", {}, version=1, channel="im.inbox"
        )
        assert answer.taken
        source.work()
    asked = Interaction.objects.get()
    assert (asked.state, asked.state_text["en"], asked.state_text["at"]) == (
        "working",
        "Waiting until {at}.",
        at(1).isoformat(),
    )
    with clock.frozen(at(1)):
        source.work()
    assert (Interaction.objects.get().state, Run.objects.get().state) == ("decided", "done")


def test_the_story_of_the_run_says_until_when(source: Source) -> None:
    begin(source, waiting(seconds=HOUR), telling("later"))
    run = Run.objects.select_related("rule", "version", "event", "record").get()
    (hop,) = [each for each in run_trace(run, source.person).hops if each.kind == "acted"]
    assert (hop.title, hop.mood, hop.text) == ("Wait", "wait", "Waiting until 2 Mar 2026, 03:00.")


class _Context:
    """Enough of a step's context to count from a moment."""

    def __init__(self, moment: Any) -> None:
        self.moment = moment

    def evaluate(self, logic: Any, record: Any = None) -> Any:
        return self.moment


@pytest.mark.parametrize(
    ("params", "moment", "expected"),
    [
        ({"seconds": 60}, None, at(1 / 60)),
        ({"moment": "m", "seconds": HOUR}, at(5), at(6)),
        ({"moment": "m"}, at(-5), T0),
        ({"moment": "m"}, None, T0),
        ({"moment": "m"}, dt.date(2026, 3, 4), dt.datetime(2026, 3, 4, tzinfo=get_default_timezone())),
        ({"time": "10:00"}, None, T0),  # it is ten o'clock in Shanghai
        ({"time": "09:00"}, None, at(23)),
        ({"seconds": HOUR, "time": "10:00"}, None, at(24)),
    ],
)
def test_until_when(params: dict[str, Any], moment: Any, expected: dt.datetime) -> None:
    with clock.frozen(T0):
        assert wait_end(params, _Context(moment)) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("params", "codes"),
    [
        ({}, ["missing"]),
        ({"seconds": -1}, ["range"]),
        ({"seconds": True}, ["range"]),
        ({"seconds": 367 * 86400}, ["range"]),
        ({"time": "24:00"}, ["pattern"]),
        ({"moment": {"var": "record.on_hand"}}, ["not_a_date"]),
        ({"moment": {"var": "record.nothing"}}, ["field_unknown"]),
        ({"moment": {"var": "record.due"}, "seconds": 60, "time": "09:00"}, []),
    ],
)
def test_what_speaks_against_it(params: dict[str, Any], codes: list[str]) -> None:
    schema = ConditionSchema(
        {
            "record.on_hand": FieldSpec("record.on_hand", FieldType.DECIMAL, 3),
            "record.due": FieldSpec("record.due", FieldType.DATE),
        }
    )
    scope = RuleScope(None, schema, None, frozenset(), {})  # type: ignore[arg-type]
    assert [each.code for each in ACTION.check(params, scope, "")] == codes
