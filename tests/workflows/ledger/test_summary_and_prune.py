"""The daily card to each administrator, once; and payloads that go after their days, while what became of it stays."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from django.core.management import call_command

from connectors.models import Connection, Event, EventState
from kernel import clock
from kernel.errors import Conflict
from messaging.models import Delivery, Interaction
from permissions.models import User
from tests.admin.conftest import Enter, enter, text  # noqa: F401
from tests.company import DemoCompany
from workflows.models import DailySummary, Run, RunState, Step
from workflows.services import pruning
from workflows.services.letters import Replay, letter_act
from workflows.services.pruning import payloads_trim, prune_run
from workflows.services.summary import summaries_send, summary_send

pytestmark = pytest.mark.database


def cards() -> list[dict[str, str]]:
    return [
        each.card["data"] for each in Interaction.objects.filter(handler="workflows.notice").order_by("id")
    ]


def test_every_administrator_is_told_of_yesterday_once_in_the_own_zone(company: DemoCompany) -> None:
    company.sell()
    it = company.user("it")
    morning = dt.datetime(2026, 3, 2, 0, 0, tzinfo=dt.UTC)  # 08:00 in Shanghai
    User.objects.filter(pk=it.pk).update(
        time_zone="Asia/Shanghai", date_joined=morning - dt.timedelta(hours=1)
    )
    Event.objects.update(detected_at=morning - dt.timedelta(hours=9))
    asked = Event.objects.count() - 1
    with clock.frozen(morning - dt.timedelta(minutes=1)):
        summaries_send()
    assert cards() == []
    with clock.frozen(morning):
        summaries_send()
        assert cards() == []  # not of a day before Baton knew the person
        User.objects.filter(pk=it.pk).update(date_joined=morning - dt.timedelta(days=1))
        summaries_send()
        summaries_send()
        assert summary_send(it, dt.date(2026, 3, 1)) is False
    assert [each["title_en"] for each in cards()] == [
        f"Yesterday {asked + 1} changes, {asked} outcomes, 0 unknown"
    ]
    assert cards()[0]["body_en"] == (
        "Still in progress: 1. Dead letters: 0. Messages unconfirmed: 0. Slow queues: –."
    )
    assert DailySummary.objects.get().day == dt.date(2026, 3, 1)
    assert list(
        Delivery.objects.filter(interaction__handler="workflows.notice").values_list("user", flat=True)
    ) == [it.pk]


def aged(company: DemoCompany, days: int) -> Event:
    """The demo's event, so many days old and over."""
    company.sell()
    Run.objects.update(state=RunState.DONE)
    Event.objects.update(detected_at=clock.now() - dt.timedelta(days=days))
    return Run.objects.get().event


def test_a_payload_goes_after_its_days_and_what_became_of_it_stays(
    company: DemoCompany,
    enter: Enter,  # noqa: F811
) -> None:
    event = aged(company, 91)
    Event.objects.exclude(pk=event.pk).update(detected_at=clock.now() - dt.timedelta(days=89))
    kept = (
        Event.objects.filter(pk=event.pk)
        .values("key", "state", "outcome", "verdicts", "dedupe_key", "changed")
        .get()
    )
    out = io.StringIO()
    call_command("prune", stdout=out)
    assert out.getvalue().splitlines()[-1] == "No older payload is left."
    after = Event.objects.get(pk=event.pk)
    assert (after.before, after.after, after.raw) == (None, None, None)
    assert Event.objects.filter(trimmed_at__isnull=False).count() == 1
    assert Event.objects.filter(pk=event.pk).values(*kept).get() == kept
    page = text(enter("auditor").get(f"/admin/connectors/event/{event.pk}/change/"))
    assert "Payload removed after 90 days." in page


def test_what_is_not_over_keeps_its_payload_and_a_trimmed_event_is_not_replayed(company: DemoCompany) -> None:
    event = aged(company, 91)
    Run.objects.update(state=RunState.WAITING)
    prune_run()
    event.refresh_from_db()
    assert event.after is not None and event.trimmed_at is None
    Run.objects.update(state=RunState.FAILED)
    Step.objects.update(state="dead")
    Connection.objects.update(trimmed_to=0)
    prune_run()
    for from_start in (True, False):
        with pytest.raises(Conflict, match="It cannot be done again: Payload removed after 90 days."):
            letter_act(
                company.user("analyst"),
                "replay",
                "step",
                Step.objects.get().pk,
                Replay(from_start=from_start),
            )
    assert Step.objects.get().state == "dead"
    Event.objects.filter(pk=event.pk).update(state=EventState.FAILED)
    with pytest.raises(Conflict, match="Payload removed"):
        letter_act(company.user("it"), "replay", "event", event.pk, Replay())
    letter_act(company.user("analyst"), "discard", "step", Step.objects.get().pk, Replay())


def test_small_batches_go_on_where_they_were(company: DemoCompany, monkeypatch: pytest.MonkeyPatch) -> None:
    event = aged(company, 91)
    for number in range(5):
        event.pk, event.dedupe_key = None, f"old{number}"
        event.save()
    monkeypatch.setattr(pruning, "BATCH", 2)
    connection = company.connection
    total, looked_at = Event.objects.filter(connection=connection).count(), []
    while found := payloads_trim(connection):
        looked_at.append(found)
        assert Event.objects.filter(trimmed_at__isnull=False).count() == sum(looked_at)
    assert sum(looked_at) == total and max(looked_at) == 2
    assert payloads_trim(connection) == 0
