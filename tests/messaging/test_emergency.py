"""Emergency access: a reason, an end, the owners told at once; it ends by itself and is not made longer."""

from __future__ import annotations

import datetime as dt

import pytest

from connectors.models import Record
from kernel import clock
from kernel.errors import NotFound, PermissionDenied, Rejected
from kernel.models import AuditEntry
from messaging.models import Delivery
from messaging.services.emergency import emergency_end, emergency_open
from permissions.models import BreakGlass, Grant, User
from permissions.policies import may_see_record
from permissions.services.roles import IT, OWNER, roles_ensure
from tests.workflows.engine.source import Source

pytestmark = pytest.mark.database
WHY = "The poll stands still at one row"


@pytest.fixture
def record(db: None) -> Record:
    source = Source()
    source.tell(120, price="17.35")
    return Record.objects.get()


@pytest.fixture
def it(record: Record) -> User:
    person = User.objects.create_user("it", language="en", time_zone="UTC")
    person.groups.add(roles_ensure()[IT])
    return person


@pytest.fixture
def owner(record: Record) -> User:
    person = User.objects.create_user("owner", language="en", time_zone="UTC")
    person.groups.add(roles_ensure()[OWNER])
    return person


def test_it_opens_tells_the_owner_and_ends_by_itself(record: Record, it: User, owner: User) -> None:
    assert not may_see_record(it, record).allowed
    opened = emergency_open(it, ["stock_level"], ["cost"], WHY, 30)
    decision = may_see_record(it, record)
    assert (decision.allowed, decision.opens(["cost"]), decision.opens(["salary"])) == (True, True, False)
    told = Delivery.objects.get(interaction__source_event_id=f"emergency-{opened.pk}")
    assert (told.user, told.priority) == (owner, 1)
    assert WHY in told.interaction.card["data"]["body_en"]
    entry = AuditEntry.objects.get(action="emergency.opened")
    assert (entry.actor, entry.summary, entry.detail["minutes"]) == (it, WHY, 30)
    with clock.frozen(opened.until - dt.timedelta(seconds=1)):
        assert may_see_record(it, record).allowed
    with clock.frozen(opened.until):
        assert not may_see_record(it, record).allowed


def test_it_lets_see_and_nothing_else(record: Record, it: User, owner: User) -> None:
    emergency_open(it, ["stock_level"], [], WHY, 30)
    assert [may_see_record(it, record, verb).allowed for verb in ("answer", "approve", "export")] == [
        False
    ] * 3
    assert Grant.objects.get(user=it).objects_covered == ["stock_level"]


def test_opening_it_again_needs_a_reason_of_its_own(record: Record, it: User, owner: User) -> None:
    first = emergency_open(it, ["stock_level"], [], WHY, 5)
    with pytest.raises(Rejected, match="reason of its own"):
        emergency_open(it, ["stock_level"], [], f"  {WHY.upper()} ", 240)
    assert BreakGlass.objects.count() == 1
    second = emergency_open(it, ["stock_level"], [], "Another row stands still, too", 10)
    assert second.until > first.until
    first.refresh_from_db()
    assert first.grant is not None and first.grant.valid_until == first.until


@pytest.mark.parametrize(
    ("objects", "classes", "reason", "minutes"),
    [
        ([], [], WHY, 30),
        (["*"], [], WHY, 30),
        (["stock_level"], ["everything"], WHY, 30),
        (["stock_level"], [], "because", 30),
        (["stock_level"], [], WHY, 241),
        (["stock_level"], [], WHY, 0),
    ],
)
def test_what_is_not_said_opens_nothing(
    it: User, owner: User, objects: list[str], classes: list[str], reason: str, minutes: int
) -> None:
    with pytest.raises(Rejected):
        emergency_open(it, objects, classes, reason, minutes)
    assert not Grant.objects.filter(user=it).exists()


def test_without_an_owner_to_tell_nothing_is_opened(record: Record, it: User) -> None:
    with pytest.raises(Rejected, match="no data owner"):
        emergency_open(it, ["stock_level"], [], WHY, 30)
    assert (Grant.objects.filter(user=it).count(), BreakGlass.objects.count()) == (0, 0)
    assert not may_see_record(it, record).allowed


def test_only_who_has_the_right_opens_and_only_owners_or_themselves_end(
    record: Record, it: User, owner: User
) -> None:
    with pytest.raises(PermissionDenied):
        emergency_open(owner, ["stock_level"], [], WHY, 30)
    opened = emergency_open(it, ["stock_level"], [], WHY, 30)
    with pytest.raises(NotFound):
        emergency_end(User.objects.get(username="li"), opened.pk)
    emergency_end(owner, opened.pk)
    assert not may_see_record(it, record).allowed
    opened.refresh_from_db()
    assert opened.ended_by == owner
    with pytest.raises(NotFound):
        emergency_end(owner, opened.pk)
