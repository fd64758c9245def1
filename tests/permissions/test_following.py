"""An ERP's people and roles are followed: small things by themselves, the first time and large ones by a person."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import pytest
from django.contrib.auth.models import Group

from connectors.models import Connection
from kernel import clock, doorbell
from kernel.errors import Conflict
from kernel.models import AuditEntry, LiveEvent
from permissions.models import DirectoryPlan, DirectorySync, Identity, RoleMapping, User
from permissions.services.directory import plan_make
from permissions.services.following import LOOK_SECONDS, WHOLE_SECONDS, plan_decide, sync_now
from tests.company import DemoCompany


def later(seconds: float) -> None:
    clock.shift((clock.now() - dt.datetime.now(dt.UTC)).total_seconds() + seconds)
    doorbell.queue("people").drain()


@pytest.fixture
def erp(company: DemoCompany) -> Connection:
    found = company.connection
    for role, group in (("buyer", "Buyers"), ("warehouse_keeper", "Warehouse"), ("salesperson", "Sales")):
        RoleMapping.objects.create(connection=found, external_role=role, group=Group.objects.get(name=group))
    sync_now(DirectorySync.objects.get(connection=found))
    doorbell.queue("people").drain()
    return found


def plan() -> DirectoryPlan:
    return DirectoryPlan.objects.get(state="open")


def kinds(changes: list[dict[str, Any]]) -> dict[str, int]:
    return dict(Counter(each["kind"] for each in changes))


def roles(login: str) -> list[str]:
    return sorted(User.objects.get(username=login).groups.values_list("name", flat=True))


def test_the_first_time_is_a_dry_run_that_a_person_applies(company: DemoCompany, erp: Connection) -> None:
    people, identities = User.objects.count(), Identity.objects.count()
    found = plan()
    assert kinds(found.changes) == {"create": 11, "join": 5}
    assert [each["account"] for each in found.changes if each["role"] == "Warehouse"] == [
        "gao.peng", "ma.chao", "tang.wei",
    ]  # fmt: skip
    assert (User.objects.count(), Identity.objects.count()) == (people, identities)
    assert plan_decide(company.user("it"), found.pk, apply=True) == 16
    assert User.objects.count() == people + 11
    new = User.objects.get(username="ma.chao")
    assert (new.has_usable_password(), roles("ma.chao")) == (False, ["Warehouse"])
    assert Identity.objects.get(external_id="ma.chao", connection=erp).linked_by == "directory"
    assert AuditEntry.objects.filter(action="person.join", actor=company.user("it")).count() == 5
    with pytest.raises(Conflict):
        plan_decide(company.user("it"), found.pk, apply=True)
    assert plan_make(erp) == []


def test_afterwards_a_role_follows_within_five_minutes_and_at_once_when_asked(
    company: DemoCompany, erp: Connection
) -> None:
    plan_decide(company.user("it"), plan().pk, apply=True)
    company.sql("UPDATE employees SET role = 'salesperson' WHERE login = 'buyer2'")
    company.work()
    assert roles("buyer2") == ["Buyers", "Staff"]
    later(LOOK_SECONDS + 1)
    assert roles("buyer2") == ["Sales", "Staff"]  # Staff is nobody's role in the ERP: it is left alone
    hints = LiveEvent.objects.filter(topic=f"user-{company.user('buyer2').pk}")
    assert {"type": "access"} in hints.values_list("payload", flat=True)
    User.objects.get(username="sales2").groups.set([])  # nobody in the ERP moved
    later(LOOK_SECONDS + 1)
    assert roles("sales2") == []
    later(WHOLE_SECONDS + 1)
    assert roles("sales2") == ["Sales"]


def test_a_leaver_is_off_at_once_on_old_cards_too(company: DemoCompany, erp: Connection) -> None:
    company.sell()
    assert len(company.cards("buyer")) == 1
    company.sql("UPDATE employees SET active = 0 WHERE login = 'buyer'")
    company.work()
    later(LOOK_SECONDS + 1)
    assert User.objects.get(username="buyer").is_active is False
    assert company.answer(login="buyer").status == "refused"
    assert company.orders() == []
    assert plan().changes  # the rest of the first plan still waits


def test_a_large_change_waits_for_a_person(company: DemoCompany, erp: Connection) -> None:
    plan_decide(company.user("it"), plan().pk, apply=True)
    company.sql("UPDATE employees SET active = 0")
    company.work()
    later(LOOK_SECONDS + 1)
    assert kinds(plan().changes) == {"block": 22}
    assert User.objects.filter(is_active=False).count() == 0
    plan_decide(company.user("it"), plan().pk, apply=False)
    later(WHOLE_SECONDS + 1)
    assert not DirectoryPlan.objects.filter(state="open").exists()  # put aside: the same does not come again
    assert User.objects.filter(is_active=False).count() == 0


def test_what_has_changed_since_the_dry_run_is_not_done(company: DemoCompany, erp: Connection) -> None:
    found = plan()
    User.objects.create_user("ma.chao")
    assert plan_decide(company.user("it"), found.pk, apply=True) == 14
    assert roles("ma.chao") == []
    assert not Identity.objects.filter(external_id="ma.chao").exists()


def test_doubtful_people_are_shown_and_never_merged(company: DemoCompany, erp: Connection) -> None:
    records = erp.records.filter(object="employee")
    for login, email in (
        ("ma.chao", "a@x.cn"),
        ("tang.wei", "b@x.cn"),
        ("gao.peng", "b@x.cn"),
        ("luo.min", "buyer@example.com"),
    ):
        row = records.get(key=login)
        records.filter(pk=row.pk).update(data={**row.data, "email": email})
    one = User.objects.create_user("m", email="A@x.cn")
    User.objects.create_user("deng.kai", email="other@x.cn")
    User.objects.filter(username="sales").update(is_active=False)
    Identity.objects.create(connection=erp, external_id="li2", user=company.user("finance"))
    changes = plan_make(erp)
    assert [each["person"] for each in changes if each["kind"] == "link"] == [one.pk]
    conflicts = {each["account"]: each["why"]["en"] for each in changes if each["kind"] == "conflict"}
    assert conflicts == {
        "finance": "Two accounts are linked to this person: finance, li2.",
        "gao.peng": "Several employees have the e-mail b@x.cn. Link them by hand.",
        "tang.wei": "Several employees have the e-mail b@x.cn. Link them by hand.",
        "luo.min": "Wei Li is already linked to the account buyer.",
        "deng.kai": "A person here is called deng.kai too. Link them by hand if they are the same.",
        "sales": "Works there, and is switched off here. If they are back, switch them on.",
    }
