"""The database is away: every address says so with 503, in the reader's language, and nothing is done."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError
from django.test import AsyncClient, Client

from messaging.models import Answer
from tests.company import DemoCompany

pytestmark = pytest.mark.database


def away(monkeypatch: pytest.MonkeyPatch, problem: type[Exception]) -> None:
    def refuse(*_args: Any, **_kwargs: Any) -> Any:
        raise problem("the server closed the connection")

    monkeypatch.setattr("django.db.models.sql.compiler.SQLCompiler.execute_sql", refuse)


@pytest.fixture
def buyer(company: DemoCompany) -> Client:
    company.sell()
    client = Client(raise_request_exception=False)
    client.force_login(company.user("buyer"))
    return client


@pytest.mark.parametrize("problem", [OperationalError, InterfaceError])
def test_a_click_is_told_to_come_again(
    buyer: Client, company: DemoCompany, monkeypatch: pytest.MonkeyPatch, problem: type[Exception]
) -> None:
    card = company.cards()[0]
    with monkeypatch.context() as broken:
        away(broken, problem)
        answer = buyer.post(
            f"/api/v1/inbox/{card.message.id}/answer/",
            {"button": "create_po"},
            content_type="application/json",
        )
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert answer.json() == {
        "detail": "Baton's database is not available at the moment. Nothing was done; it is worth trying again.",
        "code": "unavailable",
    }
    assert not Answer.objects.exists()


def test_a_page_says_so_in_chinese(buyer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    buyer.cookies["django_language"] = "zh-hans"
    with monkeypatch.context() as broken:
        away(broken, OperationalError)
        page = buyer.get("/inbox/")
    assert page.status_code == 503
    assert "Baton 的数据库目前不可用" in page.content.decode()


def test_a_defect_of_ours_is_500(buyer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        away(broken, ZeroDivisionError)
        answer = buyer.get("/api/v1/inbox/")
    assert (answer.status_code, answer.json()["code"]) == (500, "error")
    assert "Retry-After" not in answer.headers


def test_the_asgi_server_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    client = AsyncClient(raise_request_exception=False)
    client.cookies["sessionid"] = "x" * 32
    with monkeypatch.context() as broken:
        away(broken, OperationalError)
        answer = asyncio.run(client.get("/inbox/"))
    assert answer.status_code == 503
