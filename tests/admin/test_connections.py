"""IT registers, changes and maps connections in the browser."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from connectors.models import (
    Connection,
    ConnectionState,
    Event,
    EventState,
    ObjectExtension,
    ObjectMapping,
    RecordedObject,
)
from kernel.models import AuditEntry
from permissions.models import Grant
from tests.admin.conftest import Enter, text
from tests.company import DemoCompany

REGISTER = "/admin/connectors/connection/add/erp.sql/"


def form_of(path: Path | str, **values: Any) -> dict[str, Any]:
    return {
        "name": "Second ERP",
        "slug": "second-erp",
        "poll_seconds": "2",
        "setting_url": f"sqlite:///{path}",
        "setting_time_zone": "Asia/Shanghai",
        "setting_view_prefix": "v_",
        "setting_staging_table": "baton_inbox",
        **values,
    }


def page_of(connection: Connection, page: str = "change/") -> str:
    return f"/admin/connectors/connection/{connection.pk}/{page}"


def test_what_fails_the_test_is_not_stored_and_what_was_typed_stays(
    company: DemoCompany, enter: Enter
) -> None:
    before = Connection.objects.count()
    response = enter("it").post(REGISTER, form_of("/nowhere/erp.sqlite3", setting_password="s3cret-word"))
    page = text(response)
    assert response.status_code == 400
    assert Connection.objects.count() == before
    assert "The test failed; nothing was stored." in page and "not ok" in page
    assert 'value="Second ERP"' in page and "sqlite:////nowhere/erp.sqlite3" in page
    assert "s3cret-word" not in page


def test_what_passes_is_stored_and_the_token_shown_once(
    company: DemoCompany, enter: Enter, tmp_path: Path
) -> None:
    copy = shutil.copyfile(company.path, tmp_path / "second.sqlite3")
    client = enter("it")
    page = text(client.post(REGISTER, form_of(copy)))
    connection = Connection.objects.get(slug="second-erp")
    token, hmac = connection.credentials["hook_token"], connection.credentials["hook_hmac_secret"]
    assert token in page and hmac in page and "/hooks/second-erp/" in page
    assert (connection.state, connection.poll_seconds, connection.owner) == (
        ConnectionState.ACTIVE,
        2.0,
        company.user("it"),
    )
    for address in (page_of(connection), page_of(connection, "mapping/"), page_of(connection, "inbound/")):
        shown = text(client.get(address))
        assert token not in shown and hmac not in shown
    again = client.post(REGISTER, form_of(copy))
    assert again.status_code == 400
    assert "Another connection has this short name." in text(again)


WRONG_INPUTS = [
    ({"slug": "Not Good"}, "Small letters, digits and hyphens only."),
    ({"name": ""}, "This field is required."),
    ({"setting_url": ""}, "This field is required."),
    ({"poll_seconds": "0"}, "greater than or equal to 0.5"),
]


def test_a_wrong_input_is_named_in_its_place(company: DemoCompany, enter: Enter) -> None:
    before, client = Connection.objects.count(), enter("it")
    for change, said in WRONG_INPUTS:
        response = client.post(REGISTER, form_of(company.path, **change))
        assert response.status_code == 400 and said in text(response), change
    assert Connection.objects.count() == before


def test_a_messenger_is_asked_for_its_secret_and_never_shows_it(company: DemoCompany, enter: Enter) -> None:
    client = enter("it")
    page = text(client.get("/admin/connectors/connection/add/im.webhook/"))
    assert 'name="setting_signing_secret"' in page and 'type="password"' in page
    connection = Connection.objects.create(
        name="Hook", slug="hook", connector="im.webhook", kind="im", state=ConnectionState.ACTIVE,
        settings={"url": "http://127.0.0.1:9/"}, credentials={"signing_secret": "whsec_never-to-be-seen"},
    )  # fmt: skip
    page = text(client.get(page_of(connection)))
    assert "whsec_never-to-be-seen" not in page and "Stored. Leave empty to keep it." in page
    assert "/replies/hook/" in page


def test_settings_change_only_when_they_work(company: DemoCompany, enter: Enter) -> None:
    client, connection = enter("it"), company.connection
    good = {"act": "edit", **form_of(company.path), "name": "Brain", "poll_seconds": "7"}
    bad = {**good, "setting_url": "sqlite:////nowhere/x.sqlite3"}
    response = client.post(page_of(connection), bad)
    assert response.status_code == 400 and "The test failed; nothing was stored." in text(response)
    connection.refresh_from_db()
    assert connection.name == "Demo ERP" and "nowhere" not in connection.settings["url"]
    assert client.post(page_of(connection), good).status_code == 302
    connection.refresh_from_db()
    assert (connection.name, connection.poll_seconds) == ("Brain", 7.0)
    assert connection.credentials["hook_token"]


def test_it_pauses_resumes_tests_and_renews_the_token(company: DemoCompany, enter: Enter) -> None:
    client, connection = enter("it"), company.connection

    def act(name: str) -> str:
        page = text(client.post(page_of(connection), {"act": name}, follow=True))
        connection.refresh_from_db()
        return page

    assert "Paused." in act("pause")
    assert connection.state == ConnectionState.PAUSED
    assert "Resume the connection first." in act("poll")
    act("resume")
    assert connection.state == ConnectionState.ACTIVE
    assert "The connection works." in act("test")
    assert "read again now" in act("poll")
    old = connection.credentials["hook_token"]
    page = act("token")
    assert connection.credentials["hook_token"] != old and connection.credentials["hook_token"] in page
    assert connection.credentials["hook_hmac_secret"] not in page


def test_who_may_only_look_changes_nothing(company: DemoCompany, enter: Enter) -> None:
    connection = company.connection
    before = (connection.state, dict(connection.credentials), AuditEntry.objects.count())
    for login in ("analyst", "auditor"):
        for act in ("pause", "resume", "test", "poll", "token", "edit"):
            response = enter(login).post(page_of(connection), {"act": act, **form_of(company.path)})
            assert response.status_code == 403, (login, act)
            connection.refresh_from_db()
            assert (connection.state, dict(connection.credentials), AuditEntry.objects.count()) == before


def table_of(definition: dict[str, Any], **changes: str) -> dict[str, str]:
    posted = {
        "source": definition["source"],
        "key": definition["key"],
        "changed_at": definition.get("changed_at", ""),
        "time_zone": definition.get("time_zone", ""),
    }
    for name, spec in definition["fields"].items():
        posted[f"{name}__source"] = spec.get("source", "")
    return {**posted, **changes}


def test_the_mapping_stands_beside_live_samples(company: DemoCompany, enter: Enter) -> None:
    page = text(enter("it").get(page_of(company.connection, "mapping/stock_level/")))
    assert "Sample ALC-30@EAST" in page
    assert 'value="on_hand"' in page and "v_stock_levels" in page
    assert '<option value="reorder_level">' in page


def test_a_mapping_that_cannot_be_used_is_not_saved(company: DemoCompany, enter: Enter) -> None:
    connection = company.connection
    stored = connection.mappings.get(object="stock_level", active=True)
    posted = table_of(stored.definition, on_hand__source="", act="save")
    response = enter("it").post(page_of(connection, "mapping/stock_level/"), posted)
    assert response.status_code == 400 and "On hand must be mapped." in text(response)
    both = table_of(stored.definition, on_hand__constant="5", act="save")
    assert "On hand: choose a source field or a constant, not both." in text(
        enter("it").post(page_of(connection, "mapping/stock_level/"), both)
    )
    assert connection.mappings.filter(object="stock_level").count() == 1


def test_trying_shows_what_the_samples_become_and_saving_makes_a_version(
    company: DemoCompany, enter: Enter
) -> None:
    client, connection = enter("it"), company.connection
    stored = connection.mappings.get(object="stock_level", active=True)
    thousands = table_of(stored.definition, on_hand__factor="1000")
    page = text(client.post(page_of(connection, "mapping/stock_level/"), {**thousands, "act": "try"}))
    assert "→ 1060000" in page
    assert connection.mappings.filter(object="stock_level").count() == 1
    wrong = table_of(stored.definition, on_hand__source="buyer", act="try")
    page = text(client.post(page_of(connection, "mapping/stock_level/"), wrong))
    assert "On hand cannot be read from “buyer”." in page
    assert (
        client.post(page_of(connection, "mapping/stock_level/"), {**thousands, "act": "save"}).status_code
        == 302
    )
    saved = connection.mappings.get(object="stock_level", active=True)
    assert (saved.version, saved.definition["fields"]["on_hand"]["factor"]) == (2, "1000")
    assert saved.created_by == company.user("it")


def test_recording_is_stopped_and_begun_again(company: DemoCompany, enter: Enter) -> None:
    client, address = enter("it"), page_of(company.connection, "mapping/")
    client.post(address, {"act": "stop", "object": "supplier"})
    assert not RecordedObject.objects.filter(object="supplier").exists()
    client.post(address, {"act": "record", "object": "supplier"})
    assert RecordedObject.objects.get(object="supplier").snapshot_at is None
    page = text(client.post(address, {"act": "record", "object": "nothing"}, follow=True))
    assert "nothing" in page and not RecordedObject.objects.filter(object="nothing").exists()
    before = RecordedObject.objects.count()
    assert enter("auditor").post(address, {"act": "stop", "object": "supplier"}).status_code == 403
    assert RecordedObject.objects.count() == before


def inbound(**extra: Any) -> str:
    fields = {name: {"source": name} for name in ("product_code", "warehouse", "on_hand")}
    return json.dumps({"key": "id", "event": {"match": {"event": "stock"}}, "fields": fields, **extra})


def test_an_inbound_mapping_is_checked_saved_and_used_again(company: DemoCompany, enter: Enter) -> None:
    client, connection = enter("it"), company.connection
    address = page_of(connection, "inbound/")
    for text_typed, said in (
        ("{", "This is no readable JSON"),
        ("[]", "A mapping is a JSON object"),
        (json.dumps({"key": "id", "fields": {}}), "Item must be mapped."),
    ):
        response = client.post(address, {"act": "save", "object": "stock_level", "definition": text_typed})
        assert response.status_code == 400 and said in text(response)
    assert not ObjectMapping.objects.filter(channel="hook").exists()
    body = {"event": "stock", "id": "X@Y", "product_code": "X", "warehouse": "Y", "on_hand": "<b>3</b>"}
    event = Event.objects.create(
        connection=connection, object="stock_level", change="event", source="hook", raw=body, dedupe_key="b",
        state=EventState.NEEDS_MAPPING, reason="It does not map.",
    )  # fmt: skip
    saved = client.post(address, {"act": "save", "object": "stock_level", "definition": inbound()})
    assert saved.status_code == 302
    page = text(client.get(address))
    assert "It does not map." in page and "<b>3</b>" not in page and "&lt;b&gt;3&lt;/b&gt;" in page
    assert "On hand cannot be read from" in page
    assert "It still does not map." in text(
        client.post(address, {"act": "replay", "event": event.pk}, follow=True)
    )
    Event.objects.filter(pk=event.pk).update(raw={**body, "on_hand": "3"})
    page = text(client.post(address, {"act": "replay", "event": event.pk}, follow=True))
    assert "It maps now and waits to be planned." in page
    event.refresh_from_db()
    assert (event.state, event.key, event.after) == (
        EventState.NEW,
        "X@Y",
        {"product_code": "X", "warehouse": "Y", "on_hand": "3"},
    )


def test_it_says_what_a_grant_must_cover_and_how_a_class_is_hidden(
    company: DemoCompany, enter: Enter
) -> None:
    page, client = page_of(company.connection, "mapping/stock_level/access/"), enter("it")
    assert company.cards("buyer") == []
    company.sell()
    assert [each.message.fields[6].value for each in company.cards("buyer")] == ["¥0.35"]
    client.post(page, {"needs": ["warehouse", "company"], "class_cost": "round"})
    assert company.cards("buyer") == []  # their grant says nothing of a company
    client.post(page, {"needs": ["warehouse"], "class_cost": "round"})
    Grant.objects.update(field_classes=[])
    assert [each.message.fields[6].value for each in company.cards("buyer")] == ["≈0.4"]
    shown = text(client.get(page))
    assert '<option value="round" selected>' in shown and 'value="warehouse" checked' in shown
    before = ObjectExtension.objects.count()
    assert "no field holds region" in text(client.post(page, {"needs": ["region"]}, follow=True))
    for login in ("analyst", "auditor", "owner"):
        assert enter(login).post(page, {"needs": []}).status_code in (403, 404)
    assert ObjectExtension.objects.count() == before
