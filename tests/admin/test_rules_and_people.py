"""Analysts publish rules; IT and data owners keep people and grants."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.models import Group

from kernel.models import AuditEntry
from permissions.models import Grant, User
from tests.admin.conftest import Enter, text
from tests.company import DemoCompany
from workflows.models import Rule, RuleState


def rule_page() -> str:
    return f"/admin/workflows/rule/{Rule.objects.get().pk}/change/"


def draft_of(rule: Rule, **changes: Any) -> dict[str, str]:
    return {
        "act": "save",
        "name_en": "Renamed",
        "name_zh": "",
        "draft": json.dumps({**rule.draft, **changes}, ensure_ascii=False),
    }


def test_a_draft_is_saved_with_what_speaks_against_it_then_published(
    company: DemoCompany, enter: Enter
) -> None:
    client, rule = enter("analyst"), Rule.objects.get()
    wrong = client.post(rule_page(), draft_of(rule, condition={"<": [{"var": "record.nothing"}, 1]}))
    assert wrong.status_code == 400 and "/condition" in text(wrong)
    rule.refresh_from_db()
    assert rule.name == {"en": "Renamed", "zh-hans": "Renamed"} and rule.current is not None
    assert rule.current.number == 1
    refused = client.post(rule_page(), {"act": "publish"})
    assert refused.status_code == 400 and "This speaks against publishing:" in text(refused)
    rule.refresh_from_db()
    assert rule.current is not None and rule.current.number == 1
    right = draft_of(rule, condition={"<": [{"var": "record.on_hand"}, 3]})
    assert "could be published" in text(client.post(rule_page(), right, follow=True))
    assert "The draft differs:" in text(client.get(rule_page()))
    page = text(client.post(rule_page(), {"act": "publish", "note": "lower"}, follow=True))
    assert "Version 2 is in force." in page and "on hand is less than 3 becomes true" in page
    assert AuditEntry.objects.filter(action="rule.published", actor=company.user("analyst")).count() == 2


def test_json_that_cannot_be_read_is_said_where(company: DemoCompany, enter: Enter) -> None:
    before, client = Rule.objects.get().draft, enter("analyst")
    for typed, said in (("{", "line 1, column 2"), ("[]", "A rule is a JSON object."), ("", "required")):
        response = client.post(rule_page(), {"act": "save", "name_en": "x", "draft": typed})
        assert response.status_code == 400 and said in text(response), typed
    assert Rule.objects.get().draft == before


def test_a_rule_is_switched_off_and_on(company: DemoCompany, enter: Enter) -> None:
    client = enter("analyst")
    client.post(rule_page(), {"act": "off"})
    assert Rule.objects.get().state == RuleState.OFF
    client.post(rule_page(), {"act": "on"})
    assert Rule.objects.get().state == RuleState.LIVE


def test_others_change_no_rule(company: DemoCompany, enter: Enter) -> None:
    rule = Rule.objects.get()
    before = (rule.state, rule.draft, rule.versions.count(), AuditEntry.objects.count())
    for login in ("auditor", "owner", "it"):
        for act in ("publish", "off", "on", "save", "drop_everything"):
            response = enter(login).post(rule_page(), {**draft_of(rule), "act": act})
            assert response.status_code in (403, 404), (login, act)
            rule.refresh_from_db()
            assert (rule.state, rule.draft, rule.versions.count(), AuditEntry.objects.count()) == before


def person_form(user: User, **values: Any) -> dict[str, Any]:
    return {
        "username": user.username, "first_name": user.first_name, "last_name": user.last_name, "email": user.email,
        "language": user.language, "time_zone": user.time_zone, "is_active": "on", "is_staff": "on",
        "groups": list(user.groups.values_list("pk", flat=True)), **values,
    }  # fmt: skip


def test_nobody_gives_roles_to_themselves(company: DemoCompany, enter: Enter) -> None:
    it = company.user("it")
    everything = list(Group.objects.values_list("pk", flat=True))
    enter("it").post(
        f"/admin/permissions/user/{it.pk}/change/", person_form(it, groups=everything, first_name="W")
    )
    it.refresh_from_db()
    assert it.first_name == "W"
    assert list(it.groups.values_list("name", flat=True)) == ["IT administrators"]


def test_roles_of_others_are_given_and_written_down(company: DemoCompany, enter: Enter) -> None:
    sales = company.user("sales")
    analysts = Group.objects.get(name="Business analysts")
    form = person_form(sales, groups=[analysts.pk], is_superuser="on")
    response = enter("it").post(f"/admin/permissions/user/{sales.pk}/change/", form)
    assert response.status_code == 302
    sales.refresh_from_db()
    assert list(sales.groups.all()) == [analysts] and not sales.is_superuser
    entry = AuditEntry.objects.get(action="user.roles_changed")
    assert entry.actor == company.user("it") and entry.summary.startswith("+Business analysts")


def test_a_superuser_is_not_changed_by_it(company: DemoCompany, enter: Enter) -> None:
    root = User.objects.create_superuser("root", password="first-of-all")
    enter("it").post(
        f"/admin/permissions/user/{root.pk}/password/",
        {"password1": "taken-over-1", "password2": "taken-over-1"},
    )
    enter("it").post(f"/admin/permissions/user/{root.pk}/change/", person_form(root, username="mine"))
    root.refresh_from_db()
    assert root.username == "root" and root.check_password("first-of-all")


def test_a_wrong_zone_is_refused(company: DemoCompany, enter: Enter) -> None:
    sales = company.user("sales")
    form = person_form(sales, time_zone="Mars/Base")
    response = enter("it").post(f"/admin/permissions/user/{sales.pk}/change/", form)
    assert response.status_code == 200 and "“Mars/Base” is no time zone." in text(response)
    sales.refresh_from_db()
    assert sales.time_zone == "Asia/Shanghai"


def grant_form(company: DemoCompany, **values: Any) -> dict[str, Any]:
    return {
        "user": company.user("sales").pk, "group": "", "objects_covered": ["stock_level"], "verbs": ["see"],
        "field_classes": [], "scope_warehouse": "EAST，WEST, ", "valid_from_0": "2026-01-01", "valid_from_1": "00:00",
        "note": "For the fair", **values,
    }  # fmt: skip


def test_a_data_owner_grants_and_it_is_written_down(company: DemoCompany, enter: Enter) -> None:
    client = enter("owner")
    assert client.post("/admin/permissions/grant/add/", grant_form(company)).status_code == 302
    grant = Grant.objects.get(note="For the fair")
    assert grant.user == company.user("sales")
    assert (grant.objects_covered, grant.verbs, grant.scopes) == (
        ["stock_level"],
        ["see"],
        {"warehouse": ["EAST", "WEST"]},
    )
    entry = AuditEntry.objects.get(action="grant.added")
    assert entry.actor == company.user("owner")
    page = text(client.get(f"/admin/permissions/grant/{grant.pk}/change/"))
    assert 'value="EAST, WEST"' in page
    client.post(f"/admin/permissions/grant/{grant.pk}/delete/", {"post": "yes"})
    assert not Grant.objects.filter(pk=grant.pk).exists()
    assert AuditEntry.objects.filter(action="grant.removed").count() == 1


NONSENSE: list[tuple[dict[str, Any], str]] = [
    ({"user": ""}, "Choose a person or a role"),
    ({"group": "Finance"}, "Choose a person or a role"),
    ({"valid_until_0": "2025-01-01", "valid_until_1": "00:00"}, "The end lies before the beginning."),
    ({"objects_covered": ["nothing"]}, "nothing"),
    ({"verbs": []}, "required"),
]


def test_a_grant_that_makes_no_sense_is_refused(company: DemoCompany, enter: Enter) -> None:
    before, client = Grant.objects.count(), enter("owner")
    for values, said in NONSENSE:
        form = grant_form(company, **values)
        form["group"] = form["group"] and Group.objects.get(name=form["group"]).pk
        response = client.post("/admin/permissions/grant/add/", form)
        assert response.status_code == 200 and said in text(response), values
    assert Grant.objects.count() == before


def test_others_grant_nothing(company: DemoCompany, enter: Enter) -> None:
    before, pk = Grant.objects.count(), Grant.objects.latest("pk").pk
    for login in ("it", "analyst", "auditor"):
        client = enter(login)
        assert client.post("/admin/permissions/grant/add/", grant_form(company)).status_code == 403
        assert client.post(f"/admin/permissions/grant/{pk}/delete/", {"post": "yes"}).status_code in (
            403,
            404,
        )
    assert Grant.objects.count() == before
