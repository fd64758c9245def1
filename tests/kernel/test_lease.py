"""What a killed process held is due again at once; what a living or a distant one holds is not touched."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.db import OperationalError, connection

from connectors.models import RecordedObject
from kernel import clock, doorbell, tasks
from kernel.lease import NAME_CHARACTERS, holder_is_gone, holder_name
from kernel.work import due, leases_orphaned_release, work_claim
from tests.company import DemoCompany


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


def test_a_holder_is_gone_when_its_process_is(other: subprocess.Popen[bytes]) -> None:
    name = holder_name(other.pid)
    assert len(name) == NAME_CHARACTERS
    assert not holder_is_gone(name)
    other.kill()
    other.wait()
    assert holder_is_gone(name)


def test_a_process_that_ended_and_was_not_yet_buried_is_gone(other: subprocess.Popen[bytes]) -> None:
    name = holder_name(other.pid)
    other.kill()
    os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
    assert holder_is_gone(name)


def test_a_number_given_to_another_process_is_not_the_same_holder() -> None:
    name = holder_name()
    assert not holder_is_gone(name)
    born_later = f"{int(name[16:24], 16) ^ 1:08x}"
    assert holder_is_gone(name[:16] + born_later + name[24:]) == (name[16:24] != "00000000")


@pytest.mark.parametrize("name", ["", "not a name", "f" * 32, "0" * 32])
def test_nobody_judges_what_is_not_of_this_place(name: str) -> None:
    assert not holder_is_gone(name)


@pytest.mark.database
def test_only_the_rows_of_the_dead_are_due_again(
    company: DemoCompany, other: subprocess.Popen[bytes]
) -> None:
    RecordedObject.objects.update(available_at=clock.now())
    mine, theirs = work_claim(RecordedObject.objects.all(), limit=2, lease_seconds=300)
    RecordedObject.objects.filter(pk=theirs.pk).update(lease_owner=holder_name(other.pid))
    waiting = RecordedObject.objects.filter(due())
    assert leases_orphaned_release() == 0
    assert not waiting.filter(pk__in=[mine.pk, theirs.pk]).exists()
    other.kill()
    other.wait()
    assert leases_orphaned_release() == 1
    assert list(waiting.filter(pk__in=[mine.pk, theirs.pk])) == [theirs]
    assert leases_orphaned_release() == 0


@pytest.fixture
def one_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """No queue but those a test registers."""
    monkeypatch.setattr(doorbell, "_queues", {})


@pytest.mark.database
def test_what_a_failed_task_held_is_due_again(company: DemoCompany, one_queue: None) -> None:
    RecordedObject.objects.update(available_at=clock.now())
    kept = work_claim(RecordedObject.objects.all(), limit=1, lease_seconds=300)

    def fail() -> int:
        work_claim(RecordedObject.objects.all(), limit=1, lease_seconds=300)
        raise OperationalError("the connection is lost")

    doorbell.queue_register("failing", drain=fail, is_due=lambda: True)
    with pytest.raises(OperationalError):
        tasks.drain("failing")
    assert leases_orphaned_release() == 1
    assert not RecordedObject.objects.filter(due(), pk=kept[0].pk).exists()
    assert leases_orphaned_release() == 0


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_a_session_the_database_has_ended_costs_one_task(one_queue: None) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("a file has no sessions")
    looked = []

    def look() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        looked.append(1)
        return 0

    def cut() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return 0

    doorbell.queue_register("cut", drain=cut, is_due=lambda: True)
    doorbell.queue_register("look", drain=look, is_due=lambda: True)
    with pytest.raises(OperationalError):
        tasks.drain("cut")
    tasks.drain("look")
    assert looked == [1]
