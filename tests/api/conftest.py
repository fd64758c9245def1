"""Clients of the API, signed in as the demo company's people."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from inbox.health import startup
from tests.company import DemoCompany

WRITE = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)
Speak = Callable[[str], APIClient]


@pytest.fixture
def speak(company: DemoCompany) -> Speak:
    """A client of the API that reads English; `""` is a stranger."""

    def client(login: str) -> APIClient:
        made = APIClient(headers={"accept-language": "en"})
        if login:
            made.force_login(company.user(login))
        return made

    return client


@pytest.fixture(autouse=True)
def _fresh_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(startup, "migrated", False)
    monkeypatch.setattr(startup, "snapshots", False)


def written(caught: CaptureQueriesContext) -> list[str]:
    """The statements that wrote something, but for the log of failed sign-ins."""
    found = [each["sql"] for each in caught.captured_queries]
    return [sql for sql in found if WRITE.match(sql) and "axes_" not in sql]


def rows_of(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["results"]
    return found
