"""Getting a token, using it, and what a body may not be."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from demo.services.prepare import password
from permissions.models import User
from tests.api.conftest import Speak
from tests.company import DemoCompany

pytestmark = pytest.mark.database
TOKEN, INBOX = "/api/v1/token/", "/api/v1/inbox/"


def test_a_token_speaks_for_its_person(company: DemoCompany) -> None:
    company.sell()
    client = APIClient()
    answer = client.post(TOKEN, {"username": "buyer", "password": password()})
    assert answer.status_code == 200
    token = answer.json()["token"]
    assert client.post(TOKEN, {"username": "buyer", "password": password()}).json() == {"token": token}
    signed = APIClient(headers={"authorization": f"Token {token}"})
    cards = signed.get(INBOX).json()
    assert len(cards) == 1
    assert cards[0]["title"].startswith("库存不足"), "a token without a language reads in the person's own"
    assert signed.post(f"{INBOX}{cards[0]['id']}/answer/", {"button": "not_now"}).status_code == 200

    User.objects.filter(username="buyer").update(is_active=False)
    assert signed.get(INBOX).status_code == 401
    assert client.post(TOKEN, {"username": "buyer", "password": password()}).status_code == 401


def test_no_token_and_a_wrong_one_are_told_how(company: DemoCompany) -> None:
    for client in (APIClient(), APIClient(headers={"authorization": "Token nonsense"})):
        answer = client.get(INBOX)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Token"
        assert answer.json()["detail"]


def test_guessing_is_stopped(company: DemoCompany, settings: Settings) -> None:
    settings.AXES_FAILURE_LIMIT = 3
    client = APIClient(headers={"accept-language": "en"})
    codes = [client.post(TOKEN, {"username": "buyer", "password": "wrong"}).status_code for _ in range(4)]
    right = client.post(TOKEN, {"username": "buyer", "password": password()})
    assert codes[:2] == [401, 401] and codes[-1] == 429
    assert right.status_code == 429
    assert (right.json()["code"], right.headers["Retry-After"]) == ("throttled", "360")
    assert right.headers["Content-Type"] == "application/json"
    assert Token.objects.count() == 0
    assert client.post(TOKEN, {"username": "analyst", "password": password()}).status_code == 200


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"", "application/json", 400),
        (b'{"username": NaN}', "application/json", 400),
        (b"[" * 50_000, "application/json", 400),
        (b'{"username": "a\\u0000", "password": "b"}', "application/json", 400),
        (b'{"username": "a\\ud800", "password": "b"}', "application/json", 400),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b'{"username": "' + b"a" * 1_100_000 + b'"}', "application/json", 413),
        (b"username=buyer", "application/x-www-form-urlencoded", 415),
        (b"{}", "", 415),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(db: None, body: bytes, content_type: str, status: int) -> None:
    sent: Any = body
    answer = APIClient().generic("POST", TOKEN, sent, content_type=content_type)
    assert answer.status_code == status
    assert answer.json()["detail"] and answer.json()["code"]


def test_an_unknown_address_is_json(speak: Speak) -> None:
    answer = speak("buyer").get("/api/v1/purchase_orders/")
    assert answer.status_code == 404
    assert "/api/v1/schema/" in answer.json()["detail"]
