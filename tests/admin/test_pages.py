"""Who may open which page, what is masked on it, and that lists stay flat."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from connectors.models import Connection, Event
from kernel import doorbell
from kernel.models import AuditEntry
from messaging.models import Delivery, Interaction
from permissions.models import DirectorySync, Grant, User
from permissions.policies import MASK
from tests.admin.conftest import Enter, text
from tests.company import DemoCompany
from tests.messaging.webhook import webhook_register
from workflows.models import BulkItem, Rule, Run, RunState, Step, StepState
from workflows.services.bulk import bulk_drain

PAGES: dict[str, set[str]] = {
    "/admin/": {"it", "analyst", "owner", "auditor"},
    "/admin/workflows/rule/": {"analyst", "owner", "auditor"},
    "/admin/workflows/rule/{rule}/change/": {"analyst", "owner", "auditor"},
    "/admin/workflows/rule/add/": {"analyst"},
    "/admin/workflows/run/": {"analyst", "owner", "auditor"},
    "/admin/workflows/run/{run}/change/": {"analyst", "owner", "auditor"},
    "/admin/workflows/run/{run}/state/": {"analyst", "owner", "auditor"},
    "/admin/workflows/run/dead-letters/": {"analyst", "owner", "auditor", "it"},
    "/admin/connectors/event/": {"it", "analyst", "auditor"},
    "/admin/connectors/event/{event}/change/": {"it", "analyst", "auditor"},
    "/admin/messaging/interaction/": {"analyst", "owner", "auditor"},
    "/admin/messaging/interaction/{interaction}/change/": {"analyst", "owner", "auditor"},
    "/admin/messaging/delivery/": {"analyst", "owner", "auditor"},
    "/admin/messaging/delivery/{delivery}/change/": {"analyst", "owner", "auditor"},
    "/admin/messaging/reply/": {"analyst", "owner", "auditor"},
    "/admin/messaging/ratebucket/": set(),
    "/admin/messaging/ratebucket/connection/{hook}/": {"it", "auditor"},
    "/admin/connectors/connection/": {"it", "analyst", "auditor"},
    "/admin/connectors/connection/add/": {"it"},
    "/admin/connectors/connection/add/erp.sql/": {"it"},
    "/admin/connectors/connection/{connection}/change/": {"it", "analyst", "auditor"},
    "/admin/connectors/connection/{connection}/mapping/": {"it", "analyst", "auditor"},
    "/admin/connectors/connection/{connection}/mapping/stock_level/": {"it"},
    "/admin/connectors/connection/{connection}/inbound/": {"it"},
    "/admin/permissions/user/": {"it", "owner", "auditor"},
    "/admin/permissions/user/add/": {"it"},
    "/admin/permissions/identity/": {"it", "auditor"},
    "/admin/permissions/rolemapping/": {"it", "auditor"},
    "/admin/permissions/directorysync/": {"it", "auditor"},
    "/admin/permissions/directorysync/{directory}/change/": {"it", "auditor"},
    "/admin/connectors/connection/{connection}/mapping/stock_level/access/": {"it"},
    "/admin/permissions/breakglass/": {"it", "owner", "auditor"},
    "/admin/permissions/breakglass/add/": {"it"},
    "/admin/permissions/grant/": {"owner", "auditor"},
    "/admin/permissions/grant/add/": {"owner"},
    "/admin/auth/group/": {"owner"},
    "/admin/messaging/groupchat/": {"it", "auditor"},
    "/admin/messaging/groupchat/add/": set(),
    "/admin/messaging/attention/": {"it", "auditor"},
    "/admin/messaging/attention/add/": {"it"},
    "/admin/messaging/holidaycalendar/": {"it", "auditor"},
    "/admin/messaging/holidaycalendar/add/": {"it"},
    "/admin/workflows/httpaddress/": {"it"},
    "/admin/workflows/httpaddress/add/": {"it"},
    "/admin/messaging/substitute/": {"it", "auditor"},
    "/admin/messaging/substitute/add/": {"it"},
    "/admin/workflows/disclosuremonth/": {"owner", "auditor"},
    "/admin/workflows/disclosuremonth/add/": set(),
    "/admin/kernel/auditentry/": {"auditor"},
}
STAFF = ("it", "analyst", "owner", "auditor")


@pytest.fixture
def places(company: DemoCompany) -> dict[str, int]:
    company.sell()
    return {
        "rule": Rule.objects.get().pk,
        "run": Run.objects.get().pk,
        "event": Run.objects.get().event_id,
        "interaction": Interaction.objects.get().pk,
        "delivery": Delivery.objects.get().pk,
        "connection": company.connection.pk,
        "directory": DirectorySync.objects.get().pk,
        "hook": webhook_register().pk,
    }


def test_every_page_opens_for_whom_it_is_meant_and_nobody_else(enter: Enter, places: dict[str, int]) -> None:
    wrong = []
    for login, language in zip(STAFF, ("en", "zh-hans", "en", "zh-hans"), strict=True):
        client = enter(login, language)
        for address, allowed in PAGES.items():
            got = client.get(address.format(**places)).status_code
            if (got == 200) != (login in allowed) or got not in (200, 403, 404):
                wrong.append(f"{login} {address} {got}")
    assert wrong == []


def test_every_page_of_the_administration_is_in_the_table(places: dict[str, int]) -> None:
    from django.contrib import admin

    lists = {f"/admin/{each._meta.app_label}/{each._meta.model_name}/" for each in admin.site._registry}
    assert lists <= set(PAGES)


def test_staff_without_a_role_in_baton_are_sent_away(enter: Enter, places: dict[str, int]) -> None:
    client = enter("buyer")
    response = client.get("/admin/", follow=True)
    assert response.status_code == 403
    assert "Your account may not open the administration." in text(response)


def test_a_stranger_is_asked_to_log_in(places: dict[str, int]) -> None:
    response = Client().get("/admin/workflows/rule/")
    assert response.status_code == 302
    assert Client().get(response["Location"])["Location"].startswith("/login/?next=/admin/workflows/rule/")


def test_the_sidebar_names_only_what_one_may_open(enter: Enter, places: dict[str, int]) -> None:
    for login in STAFF:
        page = text(enter(login).get("/admin/"))
        linked = set(re.findall(r'href="(/admin/\w+/\w+/)"', page))
        assert linked
        for address in linked:
            assert login in PAGES[address], (login, address)


def test_no_value_is_shown_to_whom_the_gate_denies_it(
    company: DemoCompany, enter: Enter, places: dict[str, int]
) -> None:
    Grant.objects.filter(group__name="Auditors").delete()
    client = enter("auditor")
    for address, allowed in PAGES.items():
        if "auditor" in allowed:
            page = text(client.get(address.format(**places)))
            assert "BLT-M6-20" not in page and "六角螺栓" not in page, address
    assert MASK in text(client.get("/admin/connectors/event/"))
    assert "No grant for Stock level." in text(client.get(f"/admin/workflows/run/{places['run']}/change/"))


def test_a_rule_not_shared_is_not_there(company: DemoCompany, enter: Enter, places: dict[str, int]) -> None:
    from django.contrib.auth.models import Group

    stranger = User.objects.create_user("stranger", is_staff=True)
    stranger.groups.add(Group.objects.create(name="Guests"))
    client = Client()
    client.force_login(stranger)
    for address in PAGES:
        if address != "/admin/":
            assert client.get(address.format(**places)).status_code in (403, 404), address
    overview = text(client.get("/admin/"))
    assert "Demo ERP" not in overview and "BLT-M6-20" not in overview


def test_nothing_of_the_ledger_can_be_added_changed_or_deleted(enter: Enter, places: dict[str, int]) -> None:
    before = (Event.objects.count(), Run.objects.count(), AuditEntry.objects.count())
    for login in STAFF:
        client = enter(login)
        for model, pk in (
            ("connectors/event", places["event"]),
            ("workflows/run", places["run"]),
            ("messaging/delivery", places["delivery"]),
            ("kernel/auditentry", AuditEntry.objects.latest("pk").pk),
        ):
            assert client.post(f"/admin/{model}/add/", {"x": 1}).status_code == 403, (login, model)
            assert client.post(f"/admin/{model}/{pk}/delete/", {"post": "yes"}).status_code in (403, 404), (
                login,
                model,
            )
            client.post(
                f"/admin/{model}/", {"action": "delete_selected", "_selected_action": pk, "post": "yes"}
            )
    assert (Event.objects.count(), Run.objects.count(), AuditEntry.objects.count()) == before


def test_who_may_not_replay_changes_nothing(enter: Enter, places: dict[str, int]) -> None:
    step = Step.objects.get()
    Step.objects.update(state=StepState.DEAD, available_at=None)
    for login in ("auditor", "owner", "it"):
        enter(login).post(f"/admin/workflows/run/{places['run']}/change/", {"act": "replay", "step": step.pk})
        for act in ("replay", "discard"):
            chosen = {"ref": f"step:{step.pk}", "act": act, "from": "start"}
            enter(login).post("/admin/workflows/run/dead-letters/", chosen)
    doorbell.drain_all()
    assert list(BulkItem.objects.values_list("state", flat=True).distinct()) == ["refused"]
    step.refresh_from_db()
    assert step.state == StepState.DEAD
    assert not AuditEntry.objects.filter(action="step.replayed").exists()


def test_a_dead_letter_is_listed_with_its_reason_and_replayed(
    company: DemoCompany, enter: Enter, places: dict[str, int]
) -> None:
    step = Step.objects.get()
    Step.objects.update(state=StepState.DEAD, available_at=None, reason='{"en":"Gone.","zh-hans":"没了。"}')
    Run.objects.update(state=RunState.FAILED, outcome="dead_letter")
    client = enter("analyst")
    assert "Gone." in text(client.get("/admin/workflows/run/dead-letters/"))
    assert "没了。" in text(enter("analyst", "zh-hans").get("/admin/workflows/run/dead-letters/"))
    assert "1 dead letters wait" in text(client.get("/admin/"))
    response = client.post(
        "/admin/workflows/run/dead-letters/", {"ref": [f"step:{step.pk}", "step:0", "x:1"]}, follow=True
    )
    assert "/admin/workflows/run/dead-letters/" in response.redirect_chain[0][0]
    bulk_drain()
    page = text(client.get(response.redirect_chain[0][0]))
    assert "没有此步骤。" in page and "Leave the rest alone" not in page
    step.refresh_from_db()
    assert step.state == StepState.READY
    assert AuditEntry.objects.get(action="step.replayed").actor == company.user("analyst")


LISTS = [
    ("/admin/workflows/run/", "analyst"),
    ("/admin/connectors/event/", "analyst"),
    ("/admin/messaging/interaction/", "analyst"),
    ("/admin/messaging/delivery/", "analyst"),
    ("/admin/workflows/rule/", "analyst"),
    ("/admin/connectors/connection/", "it"),
]


def test_lists_ask_as_many_questions_for_many_rows_as_for_one(
    company: DemoCompany, enter: Enter, places: dict[str, int]
) -> None:
    def counts() -> list[int]:
        found = []
        for address, login in LISTS:
            client = enter(login)
            client.get(address)
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address).status_code == 200
            found.append(len(queries))
        return found

    before = counts()
    run, asked = Run.objects.get(), Interaction.objects.get()
    delivery, event = Delivery.objects.get(), Run.objects.get().event
    rule, erp = Rule.objects.get(), Connection.objects.get(slug="demo-erp")
    for number in range(20):
        event.pk, event.dedupe_key = None, f"copy{number}"
        event.save(force_insert=True)
        run.pk, run.event = None, event
        run.save(force_insert=True)
        asked.pk, asked.uid = None, Interaction._meta.get_field("uid").default()
        asked.save(force_insert=True)
        Step.objects.create(run=run, path="/steps/0", action="ask", interaction=asked)
        delivery.pk, delivery.uid, delivery.interaction = None, asked.uid, asked
        delivery.save(force_insert=True)
        rule.pk, rule.key = None, f"copy-{number}"
        rule.save(force_insert=True)
        erp.pk, erp.name, erp.slug = None, f"Copy {number}", f"copy-{number}"
        erp.save(force_insert=True)
    assert counts() == before
