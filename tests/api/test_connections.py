"""`connections/`: tested before stored, secrets in and never out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from connectors.models import Connection, ConnectionState, ObjectMapping
from kernel.models import AuditEntry
from tests.api.conftest import Speak, rows_of
from tests.company import DemoCompany

pytestmark = pytest.mark.database
LIST = "/api/v1/connections/"
SECRET = "a-signing-secret-nobody-may-read-again"


def test_a_connection_that_fails_its_test_is_not_stored(
    company: DemoCompany, speak: Speak, tmp_path: Path
) -> None:
    body = {
        "name": "Second",
        "slug": "second",
        "connector": "erp.sql",
        "settings": {"url": f"sqlite:///{tmp_path / 'missing.sqlite3'}"},
    }
    answer = speak("it").post(LIST, body)
    assert answer.status_code == 400
    report = answer.json()["report"]
    assert report["ok"] is False
    failed = [item for item in report["items"] if not item["ok"]]
    assert failed and failed[0]["label"] and answer.json()["detail"]
    assert not Connection.objects.filter(slug="second").exists()


def test_a_registered_erp_shows_its_hook_token_once(company: DemoCompany, speak: Speak) -> None:
    it = speak("it")
    answer = it.post(
        LIST,
        {
            "name": "Second",
            "slug": "second",
            "connector": "erp.sql",
            "settings": {"url": f"sqlite:///{company.path}", "password": SECRET},
            "poll_seconds": 2,
        },
    )
    assert answer.status_code == 201, answer.json()
    made = answer.json()
    stored = Connection.objects.get(slug="second")
    assert made["hook_token"] == stored.credentials["hook_token"]
    assert made["hook_url"].endswith("/hooks/second/")
    assert (made["state"], made["poll_seconds"], made["owner"]) == ("active", 2.0, "it")
    assert made["secrets"] == ["password"]
    assert ObjectMapping.objects.filter(connection=stored, object="stock_level").exists()
    for again in (it.get(f"{LIST}{stored.pk}/"), it.get(LIST), it.post(f"{LIST}{stored.pk}/check/")):
        text = again.content.decode()
        assert again.status_code == 200
        assert SECRET not in text and stored.credentials["hook_token"] not in text
    assert SECRET not in json.dumps(made)
    assert SECRET not in json.dumps(list(AuditEntry.objects.values("summary", "detail")))


def test_an_answering_messenger_is_registered_and_a_wrong_one_is_not(
    company: DemoCompany, speak: Speak, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/down").respond_with_data("no", status=401)
    httpserver.expect_request("/up").respond_with_json({})
    it = speak("it")

    def body(path: str) -> dict[str, object]:
        return {
            "name": "Chat",
            "slug": "chat",
            "connector": "im.webhook",
            "settings": {"url": httpserver.url_for(path), "signing_secret": SECRET},
        }

    refused = it.post(LIST, body("/down"))
    assert (refused.status_code, refused.json()["report"]["ok"]) == (400, False)
    assert refused.json()["report"]["items"][0]["hint"]
    answer = it.post(LIST, body("/up"))
    assert answer.status_code == 201, answer.json()
    assert (answer.json()["hook_token"], answer.json()["hook_url"]) == (None, None)
    assert answer.json()["inbound_url"].endswith("/replies/chat/")


BAD: list[tuple[dict[str, object], str]] = [
    ({"slug": "Has Spaces"}, "slug"),
    ({"slug": "demo-erp"}, "slug"),
    ({"name": "Demo ERP"}, "name"),
    ({"connector": "erp.none"}, "connector"),
    ({"poll_seconds": 0}, "poll_seconds"),
    ({"settings": []}, "settings"),
]


def test_bad_input_is_named(company: DemoCompany, speak: Speak) -> None:
    it = speak("it")
    for change, named in BAD:
        body = {"name": "Shop", "slug": "shop", "connector": "erp.webhook", "settings": {}, **change}
        answer = it.post(LIST, body)
        assert answer.status_code == 400, change
        assert answer.json()["errors"].keys() == {named}
    assert Connection.objects.count() == 2


def test_an_unknown_setting_and_a_missing_one_are_named(company: DemoCompany, speak: Speak) -> None:
    for settings, word in (({"url": "x", "colour": "red"}, "colour"), ({}, "Database address")):
        body = {"name": "Shop", "slug": "shop", "connector": "erp.sql", "settings": settings}
        answer = speak("it").post(LIST, body)
        assert answer.status_code == 400
        assert word in answer.json()["detail"]


def test_a_change_is_tested_and_keeps_the_secret(company: DemoCompany, speak: Speak) -> None:
    it, url = speak("it"), f"{LIST}{company.connection.pk}/"
    stored = dict(company.connection.credentials)
    refused = it.patch(url, {"settings": {"url": "sqlite:////nowhere/erp.sqlite3"}})
    assert (refused.status_code, refused.json()["report"]["ok"]) == (400, False)
    assert company.connection.settings["url"] == f"sqlite:///{company.path}"
    answer = it.patch(url, {"name": "Main ERP", "poll_seconds": 3, "settings": {"password": ""}})
    assert answer.status_code == 200, answer.json()
    assert (answer.json()["name"], answer.json()["poll_seconds"]) == ("Main ERP", 3.0)
    assert dict(company.connection.credentials) == stored
    assert it.patch(url, {"name": "Inbox"}).status_code == 409


def test_settings_are_for_those_who_run_it(company: DemoCompany, speak: Speak) -> None:
    url = f"{LIST}{company.connection.pk}/"
    mine, theirs = speak("it").get(url).json(), speak("analyst").get(url).json()
    assert mine["settings"]["url"].startswith("sqlite:///")
    assert mine["may"] == ["change", "operate"]
    assert (theirs["settings"], theirs["secrets"], theirs["report"]) == (None, None, None)
    assert theirs["may"] == ["use"]


def test_pause_check_and_resume(company: DemoCompany, speak: Speak) -> None:
    it, url = speak("it"), f"{LIST}{company.connection.pk}/"
    paused = it.post(f"{url}pause/", {"reason": "Stocktaking"})
    assert (paused.json()["state"], paused.json()["reason"]) == ("paused", "Stocktaking")
    away = it.get(f"{url}discover/")
    assert (away.status_code, away.headers["Retry-After"]) == (503, "1")
    assert "Stocktaking" in away.json()["detail"]
    assert it.post(f"{url}resume/").json()["state"] == "active"
    report = it.post(f"{url}check/").json()
    assert report["ok"] is True and len(report["items"]) > 1
    found = it.get(f"{url}discover/").json()["sources"]
    stock = next(each for each in found if each["name"] == "v_stock_levels")
    assert stock["suggested_object"] == "stock_level"
    assert "on_hand" in {field["name"] for field in stock["fields"]}


def test_a_messenger_cannot_be_looked_into(company: DemoCompany, speak: Speak) -> None:
    inbox = Connection.objects.get(slug="inbox")
    assert speak("it").get(f"{LIST}{inbox.pk}/discover/").status_code == 400


def test_lists_hold_what_was_shared(company: DemoCompany, speak: Speak) -> None:
    def slugs(login: str) -> list[str]:
        return [row["slug"] for row in rows_of(speak(login).get(LIST))]

    assert slugs("it") == ["demo-erp", "inbox"]
    assert slugs("analyst") == ["demo-erp"]
    assert slugs("buyer") == []
    assert Connection.objects.filter(state=ConnectionState.ACTIVE).count() == 2
