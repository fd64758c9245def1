"""How a rule does is counted from its rows, right however often it is counted, and one that fails is told once."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest

from kernel import clock
from messaging.models import Interaction
from messaging.services.answers import answer_submit
from tests.workflows.engine.source import Source
from workflows.models import Alert, LaunchStep, Rule, RuleDay, Run, RunState
from workflows.selectors.health import Health, rules_health, times_median
from workflows.services.health import day_count, first_since, health_run, time_bucket
from workflows.services.incidents import incidents_tell

pytestmark = pytest.mark.database


@pytest.fixture
def source(db: None) -> Source:
    return Source()


def _today() -> dt.date:
    return clock.now().astimezone(dt.UTC).date()


def _health(rule: Rule) -> Health:
    return rules_health([rule])[rule.pk]


def test_what_a_rule_did_today(source: Source) -> None:
    rule, quiet = source.rule(), source.rule(key="quiet", condition=False)
    for sku in ("A", "B", "C"):
        source.tell(150, 80, 70, sku=sku)  # the third is held: it fired already
    source.work()
    answer_submit(
        Interaction.objects.order_by("pk")[0].pk, source.person, "ok", {}, version=None, channel="im.inbox"
    )
    last = Run.objects.latest("pk")
    Run.objects.filter(pk=last.pk).update(state=RunState.FAILED, ended_at=clock.now())
    for _again in range(2):  # counted twice it is the same
        health_run()
    found = _health(rule)
    assert (found.fired, found.sent, found.answered, found.failed, found.held) == (3, 3, 1, 1, 3)
    assert found.per_day == [0] * 13 + [3]
    assert found.answer_seconds is not None and found.answer_seconds < 5
    assert _health(quiet).fired == 0


def test_what_is_gone_is_counted_away_again(source: Source) -> None:
    rule = source.rule()
    source.tell(150, 80)
    day_count(_today())
    assert _health(rule).fired == 1
    Run.objects.all().delete()
    day_count(_today())
    assert _health(rule).fired == 0


def test_a_run_of_another_day_counts_for_that_day(source: Source) -> None:
    rule = source.rule()
    source.tell(150, 80)
    yesterday = _today() - dt.timedelta(days=1)
    noon = dt.datetime.combine(yesterday, dt.time(12), dt.UTC)
    Run.objects.update(started_at=noon)
    health_run()
    assert _health(rule).per_day == [0] * 12 + [1, 0]
    assert RuleDay.objects.get(rule=rule, day=yesterday).fired == 1


def test_what_a_launch_step_holds_back_counts_as_held(source: Source) -> None:
    from permissions.objects import object_share
    from workflows.services.launching import launch_set

    rule = source.rule()
    object_share(None, source.person, rule, "view", "change", "publish")
    launch_set(source.person, rule, LaunchStep.SHADOW)
    source.tell(150, 80)
    health_run()
    assert (_health(rule).fired, _health(rule).held) == (1, 1)


def test_the_first_row_of_a_moment_is_found_by_halving(source: Source) -> None:
    source.rule()
    for number in range(20):
        source.tell(150, 80, sku=f"H{number}")
    runs = list(Run.objects.order_by("pk"))
    start = clock.now() - dt.timedelta(days=20)
    for index, run in enumerate(runs):
        Run.objects.filter(pk=run.pk).update(started_at=start + dt.timedelta(days=index))
    from workflows.services import health

    slack = health.SLACK_ROWS
    found = first_since(Run, "started_at", start + dt.timedelta(days=12))
    assert found == max(0, runs[12].pk - slack)


def test_the_middle_time_of_answers() -> None:
    times = Counter(time_bucket(seconds) for seconds in (1, 10, 60, 600, 6_000))
    middle = times_median(times)
    assert middle is not None and 54 <= middle <= 66
    assert times_median(Counter()) is None


def _failures(count: int) -> None:
    failed = Run.objects.filter(pk__in=Run.objects.order_by("pk").values("pk")[:count])
    failed.update(state=RunState.FAILED, ended_at=clock.now(), outcome="dead_letter")


def _told() -> list[str]:
    cards = Interaction.objects.filter(handler="workflows.notice").order_by("pk")
    return [each.card["data"]["title_en"] for each in cards]


def test_a_rule_that_fails_a_thousand_times_tells_its_owner_once(source: Source) -> None:
    source.rule()
    for number in range(12):
        source.tell(150, 80, sku=f"T{number}")
    _failures(10)
    assert [incidents_tell(), incidents_tell()] == [1, 0]
    _failures(12)
    assert incidents_tell() == 0
    assert _told() == ["The rule “below” fails"]
    told = Interaction.objects.get(handler="workflows.notice")
    assert list(told.deliveries.values_list("user__username", flat=True)) == ["li"]


def test_when_it_has_worked_for_a_while_the_next_failure_is_told_again(source: Source) -> None:
    source.rule()
    source.tell(150, 80)
    _failures(1)
    incidents_tell()
    Run.objects.update(ended_at=clock.now() - dt.timedelta(hours=1))
    assert incidents_tell() == 0
    assert not Alert.objects.filter(ended_at__isnull=True).exists()
    _failures(1)
    assert incidents_tell() == 1
    assert _told() == ["The rule “below” fails"] * 2
