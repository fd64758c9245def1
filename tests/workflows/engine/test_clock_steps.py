"""The wall clock is set forward and back by hours: nothing is lost, nothing doubled, nothing waits for hours."""

from __future__ import annotations

import datetime as dt

import pytest

from config.celery import Steady
from connectors.models import Event
from connectors.services.factory import breaker_refuse
from kernel import clock
from kernel.clockwatch import clock_watch
from kernel.errors import RateLimited
from kernel.tasks import sweep
from kernel.work import leases_own_release, work_claim
from messaging.models import Delivery, Interaction
from permissions.models import Grant
from tests.company import DemoCompany
from tests.workflows.engine.source import Source
from workflows.conditions import Verdict
from workflows.definition import Firing, FiringPolicy
from workflows.engine.execute import execute_drain
from workflows.engine.firing import Memory, Verdicts, firing_decide
from workflows.models import Run, Step

HOURS = 5 * 3600.0


def test_set_back_while_steps_are_claimed_waiting_and_put_off(source: Source, uncarried: None) -> None:
    source.rule()
    Grant.objects.update(valid_from=clock.now() - dt.timedelta(days=1))
    for sku in ("A", "B", "C"):
        source.tell(120, 90, sku=sku)
    clock_watch()
    soon, later, calendar = (dt.timedelta(seconds=s) for s in (0, 600, 7200))
    put_off = clock.now() + later
    first, second, third = Step.objects.order_by("pk")
    Step.objects.filter(pk=first.pk).update(available_at=clock.now() - dt.timedelta(seconds=1))
    (held,) = work_claim(Step.objects.filter(pk=first.pk), limit=1)
    Step.objects.filter(pk=second.pk).update(available_at=put_off)
    asked = Interaction.objects.create(available_at=clock.now() + calendar)
    clock.shift(-HOURS)
    assert execute_drain() == 0  # due, as the clock says now, in five hours
    assert HOURS - 2 <= clock_watch() <= HOURS + 2
    assert clock_watch() == 0.0
    first.refresh_from_db()
    third.refresh_from_db()
    assert third.available_at is not None and third.available_at <= clock.now() + soon
    second.refresh_from_db()
    assert second.available_at is not None
    assert abs((second.available_at - (put_off - dt.timedelta(seconds=HOURS))).total_seconds()) < 2
    # The lease that reaches hours ahead holds nothing; its holder's late result has no effect.
    assert execute_drain() == 2
    assert Interaction.objects.exclude(pk=asked.pk).count() == 2
    held.refresh_from_db()
    assert held.state == "waiting"
    # What people chose by the calendar is not moved.
    asked.refresh_from_db()
    assert asked.available_at is not None and asked.available_at > clock.now() + dt.timedelta(hours=5)


def test_set_forward_leases_end_early_and_nothing_is_doubled(source: Source, uncarried: None) -> None:
    source.rule()
    source.tell(120, 90)
    (held,) = work_claim(Step.objects.all(), limit=1)
    clock.shift(HOURS)
    assert clock_watch() == 0.0
    source.work()
    assert (Run.objects.count(), Interaction.objects.count(), Delivery.objects.count()) == (1, 1, 1)
    clock.shift(0)
    clock_watch()
    source.tell(120, 90, sku="B")
    source.work()
    assert (Run.objects.count(), Interaction.objects.count(), Delivery.objects.count()) == (2, 2, 2)
    assert held.lease_owner != Step.objects.get(pk=held.pk).lease_owner


@pytest.mark.parametrize("step", [HOURS, -HOURS])
def test_a_sale_before_and_after_the_step_is_one_event_each(company: DemoCompany, step: float) -> None:
    company.sell(1)
    clock.shift(step)
    clock_watch()
    company.work()
    company.sell(1)
    company.receive(1)
    company.sell(1)
    found = list(Event.objects.filter(object="stock_level").order_by("pk").values_list("change", "state"))
    assert found == [("changed", "planned")] * 4


def test_a_cool_down_does_not_last_for_hours_after_a_step_back() -> None:
    firing = Firing(FiringPolicy.EACH_TIME, None, 60.0)
    now = clock.now()

    def held(delivered: dt.datetime) -> str:
        memory = Memory(True, delivered, delivered)
        return firing_decide(firing, Verdicts(Verdict.TRUE, None), memory, change="changed", at=now).reason

    assert held(now - dt.timedelta(seconds=59)) == "cooldown"
    assert held(now + dt.timedelta(seconds=1)) == "cooldown"  # another machine's clock
    assert held(now + dt.timedelta(hours=5)) == ""


def test_a_breaker_does_not_stay_open_for_hours_after_a_step_back(source: Source, uncarried: None) -> None:
    connection = source.connection
    connection.retry_at = clock.now() + dt.timedelta(seconds=30)
    with pytest.raises(RateLimited):
        breaker_refuse(connection)
    connection.retry_at = clock.now() + dt.timedelta(hours=5)
    breaker_refuse(connection)


def test_the_sweep_goes_on_whatever_the_wall_clock_says(monkeypatch: pytest.MonkeyPatch) -> None:
    steady = [100.0]
    monkeypatch.setattr("config.celery.time.monotonic", lambda: steady[0])
    sweep = Steady(0.5)
    in_hours = dt.datetime.now(dt.UTC) + dt.timedelta(hours=5)
    assert sweep.is_due(in_hours) == (True, 0.5)
    steady[0] += 0.2
    assert sweep.is_due(in_hours)[0] is False
    steady[0] += 0.4
    assert sweep.is_due(in_hours) == (True, 0.5)


def test_a_process_gives_back_all_it_holds_and_no_more(source: Source, uncarried: None) -> None:
    source.rule()
    source.tell(120, 90)
    source.tell(120, 90, sku="B")
    mine, theirs = work_claim(Step.objects.all(), limit=2)
    Step.objects.filter(pk=theirs.pk).update(lease_owner="x" * 32)
    leases_own_release()
    owners = dict(Step.objects.values_list("pk", "lease_owner"))
    assert owners == {mine.pk: "", theirs.pk: "x" * 32}


def test_set_forward_and_soon_back_is_noted_by_the_sweep_that_sees_each(
    source: Source, uncarried: None
) -> None:
    """Both steps fall between two of the regular looks at the clock."""
    sweep()
    clock.shift(2 * HOURS)
    sweep()
    source.rule()
    source.tell(120, 90)
    Step.objects.update(available_at=clock.now() + dt.timedelta(seconds=1))
    clock.shift(HOURS)
    sweep()
    (step,) = Step.objects.all()
    assert step.available_at is not None and step.available_at <= clock.now() + dt.timedelta(seconds=1)
