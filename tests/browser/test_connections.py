"""IT connects a second ERP and a messenger from nothing, in the browser alone, with the wrong secrets first."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visits
from tests.browser.pages.connections import ConnectionPages, RegisterPage
from tests.browser.visit import Visit
from tests.connectors.contract.peer import Peer
from tests.connectors.sql.servers import Server, mariadb
from tests.e2e.receiver import SECRET, Receiver
from tests.needs import needs
from tests.running import RunningDemo

pytestmark = [needs("chromium"), needs("mariadb"), pytest.mark.xdist_group("browser")]

WRONG_PASSWORD = "wrong-9f1c2a77"
WRONG_SECRET = "whsec_d3JvbmctMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
INBOUND = {
    "key": "id",
    "event": {"match": {"event": "stock.level"}, "id": "event_id"},
    "fields": {
        "product_code": {"source": "item.code"},
        "warehouse": {"source": "item.place"},
        "on_hand": {"source": "left"},
    },
}
BODY = {"event": "stock.level", "event_id": "4711", "id": "007@EAST", "item": {"code": "007", "place": "EAST"}, "left": "2.5"}  # fmt: skip


VIEWS = (
    "CREATE OR REPLACE VIEW v_stock_levels AS SELECT concat(product_code, '@', warehouse) AS id, product_code,"
    " concat('Part ', product_code) AS product_name, warehouse, warehouse AS warehouse_name, 'HX01' AS company,"
    " quantity AS on_hand, 0 AS reserved, 0 AS incoming, 5 AS reorder_level, 20 AS reorder_quantity,"
    " 'S1' AS supplier_code, 'Works' AS supplier_name, unit_price, 'CNY' AS currency, 'buyer' AS buyer, updated_at"
    " FROM stock",
    "CREATE OR REPLACE VIEW v_purchase_orders AS SELECT number, 'S1' AS supplier_code, product_code,"
    " 'EAST' AS warehouse, quantity, 1.5 AS unit_price, 'CNY' AS currency, reference, 'open' AS status,"
    " timestamp('2026-11-22 16:00:00') AS created_at FROM purchase_orders",
)


@pytest.fixture
def server() -> Iterator[Server]:
    """An ERP on MariaDB that offers the stock levels and the purchase orders as agreed."""
    with mariadb() as made:
        made.run(*VIEWS)
        yield made


@pytest.fixture
def receiver() -> Iterator[tuple[Receiver, Peer]]:
    script = Receiver()
    with Peer(script) as peer:
        yield script, peer


def test_it_connects_an_erp_and_a_messenger_in_the_browser(
    demo: RunningDemo, visits: Visits, server: Server, receiver: tuple[Receiver, Peer]
) -> None:
    it = visits("it")
    it.expect_error("400")  # a form that was refused
    token, hmac_secret = _connect_erp(it, server)
    erp = ConnectionPages(it, "Factory")
    _map(erp)
    _pause_and_resume(erp)
    _post_and_map(erp, demo, token)

    _connect_messenger(it, *receiver)
    messenger = ConnectionPages(it, "Robot")
    messenger.visit.shoot("messenger")
    secrets = [server.password, WRONG_PASSWORD, token, hmac_secret, SECRET, WRONG_SECRET]
    _expect_no_secret(erp, messenger, secrets)
    stored = b"".join(each.read_bytes() for each in demo.home.glob("baton.sqlite3*"))
    assert [each for each in secrets if each.encode() in stored] == []
    assert [each for each in secrets if each in demo.output()] == []


def _connect_erp(it: Visit, server: Server) -> tuple[str, str]:
    """Registers “Factory”; returns its hook token and HMAC secret, which are shown this once."""
    form = RegisterPage(it, "SQL database")
    it.shoot("connection-form")
    form.fill(name="Factory", slug="factory", url=server.settings["url"], password=WRONG_PASSWORD)
    form.submit()
    expect(form.refusal).to_contain_text("The test failed; nothing was stored.")
    expect(form.refusal).to_contain_text("User and password are accepted not ok")
    expect(form.input("name")).to_have_value("Factory")
    expect(form.input("slug")).to_have_value("factory")
    expect(form.input("url")).to_have_value(server.settings["url"])
    expect(form.input("password")).to_have_value("")
    assert WRONG_PASSWORD not in it.page.content()
    it.shoot("connection-refused")
    assert _names(it) == ["Demo ERP", "Inbox"]

    form.fill(password=server.password)
    form.submit()
    expect(it.page.get_by_role("status").first).to_have_text("The connection works and is registered.")
    token = it.page.locator("#hook-token").inner_text()
    hmac_secret = it.page.locator("#hook-secret").inner_text()
    assert len(token) >= 24 and len(hmac_secret) >= 24
    assert it.page.locator("#hook-url").inner_text() == f"{it.demo.url}/hooks/factory/"
    it.shoot("connection-registered")
    return token, hmac_secret


def _names(it: Visit) -> list[str]:
    """The connections there are, asked of the API in another page so that the form stays."""
    page = it.context.new_page()
    found = page.goto(f"{it.demo.url}/api/v1/connections/")
    assert found is not None
    rows = found.json()
    page.close()
    return sorted(each["name"] for each in (rows["results"] if isinstance(rows, dict) else rows))


def _map(erp: ConnectionPages) -> None:
    page = erp.tab("mapping")
    erp.visit.shoot("mappings")
    page.get_by_role("link", name="Stock level", exact=True).click()
    expect(page.locator("[name=on_hand__source]")).to_have_value("on_hand")
    samples = page.locator("tr").filter(has=page.locator("[name=on_hand__source]")).locator(".b-sample")
    expect(samples).to_have_text([re.compile(r"12\.5"), re.compile("3"), re.compile("0")])
    page.locator("[name=on_hand__factor]").fill("1000")
    erp.press("Try it on the samples")
    expect(samples.first).to_have_text(re.compile("12.5.* → 12500"))
    erp.visit.shoot("mapping")
    page.locator("[name=on_hand__factor]").fill("")
    erp.press("Save as a new version")
    erp.expect_said("is in force.")


def _pause_and_resume(erp: ConnectionPages) -> None:
    erp.tab("overview")
    erp.press("Pause")
    erp.expect_said("Paused. Its runs wait until it is resumed.")
    expect(erp.page.get_by_role("button", name="Pause", exact=True)).to_have_count(0)
    erp.visit.shoot("connection-paused")
    erp.press("Resume")
    erp.expect_said("Resumed.")
    expect(erp.page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    erp.visit.shoot("connection")


def _post_and_map(erp: ConnectionPages, demo: RunningDemo, token: str) -> None:
    """An event arrives, does not map yet, is mapped beside its body, and maps."""
    request = urllib.request.Request(
        f"{demo.url}/hooks/factory/", json.dumps(BODY).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=30) as response:
        answer = json.load(response)
    assert (answer["accepted"], answer["duplicates"], len(answer["quarantined"])) == (1, 0, 1)

    page = erp.tab("inbound")
    line = page.locator(".b-line").filter(has_text="4711")
    expect(line).to_contain_text("Needs mapping")
    expect(line.locator("pre")).to_contain_text('"left": "2.5"')
    erp.visit.shoot("inbound-unmapped")
    page.locator("select[name=object]").select_option("stock_level")
    erp.press("Show")
    page.get_by_label(re.compile("Definition")).fill(json.dumps(INBOUND, indent=2))
    erp.press("Save as a new version")
    erp.expect_said("is in force.")
    erp.press("Map it again")
    erp.expect_said("It maps now")
    line.locator("summary").click()
    expect(line.locator(".b-chip")).to_contain_text(["Item 007", "Warehouse EAST", "On hand 2.5"])
    erp.visit.shoot("inbound-mapped")


def _connect_messenger(it: Visit, receiver: Receiver, peer: Peer) -> None:
    form = RegisterPage(it, "Signed webhook")
    form.fill(name="Robot", slug="robot", url=f"{peer.url}/messages", signing_secret=WRONG_SECRET)
    form.submit()
    expect(form.refusal).to_contain_text("The secret differs")
    expect(form.input("name")).to_have_value("Robot")
    expect(form.input("signing_secret")).to_have_value("")
    assert receiver.refused == ["bad signature"]
    it.shoot("messenger-refused")
    assert _names(it) == ["Demo ERP", "Factory", "Inbox"]

    form.fill(signing_secret=SECRET)
    form.submit()
    expect(it.page.get_by_role("status").first).to_have_text("The connection works and is registered.")
    assert receiver.refused == ["bad signature"]
    expect(it.page.locator("body")).to_contain_text(f"{it.demo.url}/replies/robot/")


def _expect_no_secret(erp: ConnectionPages, messenger: ConnectionPages, secrets: list[str]) -> None:
    paths = [
        *(erp.path + each for each in ("change/", "mapping/", "mapping/stock_level/", "inbound/")),
        messenger.path + "change/", "/admin/connectors/connection/", "/admin/",
    ]  # fmt: skip
    for path in paths:
        source = erp.visit.goto(path).content()
        assert [each for each in secrets if each in source] == [], path
