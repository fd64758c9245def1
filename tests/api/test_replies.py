"""`POST /replies/<connection>/`: proved, stored, and only then answered."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.test import Client
from pytest_httpserver import HTTPServer

from connectors.models import Connection
from connectors.services.connections import connection_pause, connection_register
from kernel import clock, doorbell
from kernel.signature import headers_sign, secret_bytes
from messaging.models import Delivery, DeliveryState, Reply
from permissions.models import Identity
from tests.company import DemoCompany

pytestmark = pytest.mark.database
SECRET = "a-long-signing-secret-of-the-receiver"
URL = "/replies/chat/"


@pytest.fixture
def chat(company: DemoCompany, httpserver: HTTPServer) -> Connection:
    httpserver.expect_request("/").respond_with_json({})
    values = {"url": httpserver.url_for("/"), "signing_secret": SECRET}
    connection, _report = connection_register(
        company.user("it"), name="Chat", slug="chat", connector="im.webhook", values=values
    )
    Identity.objects.create(connection=connection, external_id="li.wei", user=company.user("buyer"))
    return connection


def post(
    body: Any, url: str = URL, secret: str = SECRET, raw: bytes | None = None, webhook_id: str = ""
) -> Any:
    content = raw if raw is not None else json.dumps(body).encode()
    signed = headers_sign(secret_bytes(secret), webhook_id or uuid.uuid4().hex, content, clock.now())
    return Client(enforce_csrf_checks=True).post(url, content, "application/json", headers=signed)


def test_a_signed_answer_is_stored_and_decides(company: DemoCompany, chat: Connection) -> None:
    company.sell()
    card = company.interaction()
    Delivery.objects.create(
        interaction=card,
        connection=chat,
        user=company.user("buyer"),
        address="li.wei",
        state=DeliveryState.DELIVERED,
        version=1,
    )
    body = {
        "address": "li.wei",
        "message_id": str(card.uid),
        "version": 1,
        "button": "create_po",
        "inputs": {"quantity": "200"},
    }
    answer = post(body, webhook_id="click-1")
    assert (answer.status_code, answer.json()) == (200, {"accepted": 1})
    assert Reply.objects.get().vendor_event_id == "click-1:0"
    assert post(body, webhook_id="click-1").status_code == 200
    assert Reply.objects.count() == 1
    doorbell.drain_all()
    assert [each.quantity for each in company.orders()] == [200]


def test_what_is_not_proved_is_not_stored(chat: Connection) -> None:
    body = {"address": "li.wei", "text": "order 5"}
    assert post(body, secret="another-signing-secret-altogether").status_code == 401
    assert Client().post(URL, body, "application/json").status_code == 401
    assert Reply.objects.count() == 0


def test_each_refusal_has_its_status(company: DemoCompany, chat: Connection) -> None:
    assert post({}, url="/replies/nobody/").status_code == 404
    assert post({}, url="/replies/demo-erp/").status_code == 404
    assert post(None, raw=b"{").status_code == 400
    assert post(None, raw=b" " * 262_145).status_code == 413
    assert Client().get(URL).status_code == 405
    connection_pause(company.user("it"), chat)
    answer = post({"address": "li.wei", "text": "order 5"})
    assert answer.status_code == 403
    assert "paused" in answer.json()["detail"]
    assert Reply.objects.count() == 0
