"""A rule launched in steps reaches nobody it is not launched for, and stops by itself when it fires too often."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.models import Event, Outcome
from kernel.errors import ConfigError, PermissionDenied
from kernel.models import AuditEntry
from kernel.text import text_show
from messaging.models import Delivery, Interaction, InteractionState
from messaging.selectors import inbox_cards, inbox_interactions
from messaging.services.answers import answer_submit
from messaging.services.interactions import Target
from permissions.models import Grant, User
from permissions.objects import object_share
from tests.workflows.engine.source import LONG_AGO, Source
from workflows.engine.launching import in_tenth, launch_limit, targets_stage
from workflows.models import LaunchStep, Rule, RuleState, Run, RunState, Step, StepState
from workflows.selectors.ledger import events_classified
from workflows.services.launching import launch_set
from workflows.services.rules import rule_switch_on

pytestmark = pytest.mark.database


def _person(source: Source, name: str) -> User:
    person = User.objects.create_user(name, password="x", language="en", time_zone="UTC")
    Grant.objects.create(
        user=person, objects_covered=["*"], verbs=["see", "answer"], scopes={"warehouse": ["*"]},
        field_classes=["*"], valid_from=LONG_AGO,
    )  # fmt: skip
    return person


def _rule(source: Source, *recipients: str, steps: list[dict[str, Any]] | None = None) -> Rule:
    names = recipients or ("wang", "zhao")
    rule = source.rule(params={"recipients": [{"type": "user", "username": each} for each in names]})
    object_share(None, source.person, rule, "view", "change", "publish")
    return rule


@pytest.fixture
def others(source: Source) -> tuple[User, User]:
    return _person(source, "wang"), _person(source, "zhao")


def _cards(person: User) -> list[Any]:
    return inbox_cards(person, inbox_interactions(person))


def _category() -> str:
    return str(events_classified(Event.objects.all()).latest("id").category)  # type: ignore[attr-defined]


def test_in_the_shadow_step_the_owner_alone_is_told_what_would_have_been_sent(
    source: Source, others: tuple[User, User]
) -> None:
    rule = _rule(source)
    launch_set(source.person, rule, LaunchStep.SHADOW)
    source.tell(150, 80)
    source.work()
    assert set(Delivery.objects.values_list("user__username", flat=True)) == {"li"}
    assert [_cards(each) for each in others] == [[], []]
    (card,) = _cards(source.person)
    assert card.message.title == "Low: A"
    assert card.message.buttons == ()
    assert card.message.state_text == (
        "Shadow: this would have been sent to wang (inbox), zhao (inbox), with the buttons OK. Only you see it."
    )
    run = Run.objects.get()
    assert (run.launch, run.state, run.outcome) == ("shadow", RunState.CANCELLED, "shadow")
    assert text_show(run.reason, "en") == "Shadow: only the owner was told what would have been sent."
    assert _category() == "suppressed"


def test_the_shadow_step_holds_where_the_first_step_is_left_to_the_execute_queue(
    source: Source, others: tuple[User, User], uncarried: None
) -> None:
    launch_set(source.person, _rule(source), LaunchStep.SHADOW)
    source.tell(150, 80)
    source.work()
    assert set(Delivery.objects.values_list("user__username", flat=True)) == {"li"}
    assert Interaction.objects.get().state == InteractionState.DECIDED
    assert Run.objects.get().outcome == "shadow"


def test_a_shadow_message_that_does_not_arrive_is_sent_to_nobody_else(
    source: Source, others: tuple[User, User]
) -> None:
    from messaging.bindings import handler_of

    rule = _rule(source)
    launch_set(source.person, rule, LaunchStep.SHADOW)
    source.tell(150, 80)
    source.work()
    interaction = Interaction.objects.get()
    Delivery.objects.update(state="failed")
    handler_of(interaction).undeliverable(interaction, "gone")
    assert list(handler_of(interaction).unconfirmed(interaction)) == []
    assert Delivery.objects.count() == 1
    assert Run.objects.get().state == RunState.CANCELLED


def test_in_the_pilot_step_only_the_pilot_people_are_asked(source: Source, others: tuple[User, User]) -> None:
    launch_set(source.person, _rule(source), LaunchStep.PILOT, pilots=["wang"])
    source.tell(150, 80)
    source.work()
    assert list(Delivery.objects.values_list("user__username", flat=True)) == ["wang"]
    run = Run.objects.get()
    assert (run.launch, run.state) == ("pilot", RunState.WAITING)
    notes = Step.objects.get().output["notes"]
    assert notes[-1]["en"] == "Pilot: zhao would have been told, and are no pilot people."
    assert answer_submit(
        Interaction.objects.get().pk, others[0], "ok", {}, version=None, channel="im.inbox"
    ).taken
    run.refresh_from_db()
    assert (run.state, run.outcome) == (RunState.DONE, "ok")


def test_a_pilot_without_pilot_people_among_the_recipients_tells_nobody_and_says_so(
    source: Source, others: tuple[User, User]
) -> None:
    launch_set(source.person, _rule(source), LaunchStep.PILOT, pilots=["li"])
    source.tell(150, 80)
    source.work()
    assert Delivery.objects.count() == 0
    run, step = Run.objects.get(), Step.objects.get()
    assert (run.state, run.outcome) == (RunState.CANCELLED, "pilot")
    assert step.state == StepState.SKIPPED
    assert text_show(step.reason, "en") == "Pilot: wang, zhao would have been told, and are no pilot people."
    assert _category() == "suppressed"


def test_one_record_in_ten_is_always_the_same_one(source: Source, others: tuple[User, User]) -> None:
    rule = _rule(source)
    launch_set(source.person, rule, LaunchStep.TENTH)
    keys = [f"P{number}@EAST" for number in range(60)]
    inside = {each for each in keys if in_tenth(rule.pk, each)}
    for quantity in (150, 80):
        source.post(*[source.item(quantity, sku=each.split("@")[0]) for each in keys])
        source.plan()
    assert {run.event.key for run in Run.objects.select_related("event")} == inside
    held = Event.objects.filter(outcome=Outcome.SUPPRESSED)
    assert {each.key for each in held} == set(keys) - inside
    assert {each.verdicts[0]["held"] for each in held} == {"tenth"}


def test_the_share_of_the_tenth_is_about_a_tenth() -> None:
    count = sum(in_tenth(rule, f"K{number}") for rule in range(5) for number in range(2_000))
    assert 900 <= count <= 1_100
    assert [in_tenth(7, "A@EAST") for _again in range(3)] == [in_tenth(7, "A@EAST")] * 3


def _fire(source: Source, count: int) -> None:
    """`count` records fall below, in one batch."""
    for quantity in (150, 80):
        source.post(*[source.item(quantity, sku=f"F{number}") for number in range(count)])
        source.plan()


def test_in_the_step_of_one_in_ten_a_tenth_of_the_forecast_counts(source: Source) -> None:
    launch = launch_set(source.person, _rule(source), LaunchStep.TENTH, forecast=40, factor=3)
    assert launch_limit(launch) == 12
    assert launch_limit(launch_set(source.person, launch.rule, LaunchStep.ALL, forecast=40, factor=3)) == 120


def test_a_shadow_reaches_no_pilot_people_either(source: Source, others: tuple[User, User]) -> None:
    """They stay named while the rule is set back from the pilot to the shadow."""
    rule = _rule(source)
    launch_set(source.person, rule, LaunchStep.SHADOW, pilots=["wang"])
    source.tell(150, 80)
    run = Run.objects.select_related("rule").get()
    wang = Target(others[0], source.inbox, "wang")
    assert targets_stage(run, [wang]) == []
    Run.objects.update(launch=LaunchStep.PILOT)
    assert targets_stage(Run.objects.select_related("rule").get(), [wang]) == [wang]


def test_a_rule_that_fires_more_often_than_forecast_stops_and_asks_its_owner_once(
    source: Source, others: tuple[User, User]
) -> None:
    rule = _rule(source)
    launch_set(source.person, rule, LaunchStep.ALL, forecast=2, factor=3)
    _fire(source, 10)
    assert Run.objects.count() == 6
    rule.refresh_from_db()
    assert rule.state == RuleState.FLOOD
    held = [each for event in Event.objects.all() for each in event.verdicts if each["held"] == "flood"]
    assert len(held) == 4
    source.work()
    card = _cards(source.person)[0]
    assert card.message.title == "The rule “below” was stopped: it fires more often than forecast"
    assert [each.key for each in card.message.buttons] == ["resume", "keep"]
    assert Interaction.objects.filter(handler="workflows.launch").count() == 1
    assert AuditEntry.objects.filter(action="rule.flood").count() == 1
    assert Run.objects.filter(state=RunState.WAITING).count() == 6  # what it has asked goes on
    source.tell(150, 70, sku="LATER")
    assert Run.objects.count() == 6


def test_the_owner_lets_it_go_on_and_it_is_counted_anew(source: Source, others: tuple[User, User]) -> None:
    rule = _rule(source)
    launch_set(source.person, rule, LaunchStep.ALL, forecast=1, factor=3)
    _fire(source, 5)
    asked = Interaction.objects.get(handler="workflows.launch")
    refused = answer_submit(asked.pk, others[0], "resume", {}, version=None, channel="im.inbox")
    assert not refused.taken
    assert answer_submit(asked.pk, source.person, "resume", {}, version=None, channel="im.inbox").taken
    rule.refresh_from_db()
    assert (rule.state, rule.state_reason) == (RuleState.LIVE, "")
    _fire_more = [source.item(150, sku="G"), source.item(80, sku="G")]
    for each in _fire_more:
        source.post(each)
        source.plan()
    assert Run.objects.count() == 4
    again = answer_submit(asked.pk, source.person, "resume", {}, version=None, channel="im.inbox")
    assert again.status == "decided"


def test_switched_on_from_its_page_the_card_is_withdrawn(source: Source, others: tuple[User, User]) -> None:
    rule = _rule(source)
    launch_set(source.person, rule, LaunchStep.ALL, forecast=1, factor=1)
    _fire(source, 2)
    rule_switch_on(source.person, rule)
    assert Interaction.objects.get(handler="workflows.launch").state == InteractionState.CANCELLED


def test_who_may_not_publish_may_not_launch_and_nothing_changes(
    source: Source, others: tuple[User, User]
) -> None:
    rule = _rule(source)
    launch_set(source.person, rule, LaunchStep.SHADOW)
    with pytest.raises(PermissionDenied):
        launch_set(others[0], rule, LaunchStep.ALL)
    rule.refresh_from_db()
    assert rule.launch.step == LaunchStep.SHADOW


@pytest.mark.parametrize(
    ("step", "options", "words"),
    [
        (LaunchStep.PILOT, {}, "Name the pilot people first."),
        (LaunchStep.PILOT, {"pilots": ["nobody-here"]}, "There is no active person “nobody-here”"),
        (LaunchStep.ALL, {"forecast": 0}, "The forecast is a number above 0"),
        (LaunchStep.ALL, {"factor": 0.5}, "The rule stops at 1 to 100 times"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_to_do(
    source: Source, step: str, options: dict[str, Any], words: str
) -> None:
    rule = _rule(source, "li")
    with pytest.raises(ConfigError, match=words):
        launch_set(source.person, rule, step, **options)
    assert not hasattr(Rule.objects.get(pk=rule.pk), "launch")


def test_a_launch_step_costs_no_query_for_each_event(
    source: Source, others: tuple[User, User], django_assert_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    rule = _rule(source)
    launch_set(source.person, rule, LaunchStep.TENTH, forecast=1_000)
    counts = []
    for count in (5, 50):
        source.post(*[source.item(150, sku=f"Q{count}-{number}") for number in range(count)])
        source.plan()
        source.post(*[source.item(80, sku=f"Q{count}-{number}") for number in range(count)])
        with CaptureQueriesContext(
            connection,
        ) as queries:
            source.plan()
        counts.append(len([each for each in queries.captured_queries if "workflows_launch" in each["sql"]]))
    assert max(counts) <= 3
