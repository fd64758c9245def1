"""What a killed process held is due again at once; what a living or a distant one holds is not touched."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from connectors.models import RecordedObject
from kernel import clock
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
