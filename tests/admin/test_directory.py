"""IT sees who gains and loses what before the first synchronisation, applies it, and confirms a re-link."""

from __future__ import annotations

from django.contrib.auth.models import Group

from kernel import doorbell
from permissions.models import DirectoryPlan, DirectorySync, Identity, RoleMapping, User
from tests.admin.conftest import Enter, text
from tests.company import DemoCompany


def page_of(sync: DirectorySync) -> str:
    return f"/admin/permissions/directorysync/{sync.pk}/change/"


def test_the_dry_run_is_read_applied_and_audited(company: DemoCompany, enter: Enter) -> None:
    RoleMapping.objects.create(
        connection=company.connection,
        external_role="warehouse_keeper",
        group=Group.objects.get(name="Warehouse"),
    )
    sync = DirectorySync.objects.get()
    client, page = enter("it"), page_of(sync)
    client.post(page, {"act": "now"})
    doorbell.queue("people").drain()
    shown = text(client.get(page))
    assert "14 changes wait for you" in shown and "tang.wei" in shown and "+ Warehouse" in shown
    plan = DirectoryPlan.objects.get()
    for login in ("auditor", "analyst", "owner"):
        assert enter(login).post(page, {"act": "apply", "plan": plan.pk}).status_code in (403, 404)
    assert not User.objects.filter(username="tang.wei").exists()
    assert enter("auditor").get(page).status_code == 200
    client.post(page, {"act": "apply", "plan": plan.pk})
    assert User.objects.get(username="tang.wei").groups.get().name == "Warehouse"
    again = text(client.post(page, {"act": "apply", "plan": plan.pk}, follow=True))
    assert "This plan is no longer open." in again
    chinese = text(enter("it", "zh-hans").get(page))
    assert "立即同步" in chinese and "Synchronise" not in chinese


def test_another_persons_account_moves_only_when_confirmed(company: DemoCompany, enter: Enter) -> None:
    identity = Identity.objects.get(external_id="buyer")
    page = f"/admin/permissions/identity/{identity.pk}/change/"
    form = {"connection": identity.connection_id, "external_id": "buyer", "state": "active",
            "user": company.user("finance").pk}  # fmt: skip
    shown = text(enter("it").post(page, form))
    assert "This account is linked to Wei Li now." in shown and "to the account finance already" in shown
    identity.refresh_from_db()
    assert identity.user == company.user("buyer")
    assert enter("it").post(page, {**form, "confirmed": "on"}).status_code == 302
    identity.refresh_from_db()
    assert (identity.user, identity.linked_by) == (company.user("finance"), "it")
