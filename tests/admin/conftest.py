"""The administration as one of the demo's people sees it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from tests.company import DemoCompany

Enter = Callable[..., Client]


@pytest.fixture
def enter(company: DemoCompany) -> Enter:
    """Signed in, in a language."""

    def signed_in(login: str, language: str = "en") -> Client:
        client = Client()
        client.force_login(company.user(login))
        client.cookies["django_language"] = language
        return client

    return signed_in


def text(response: object) -> str:
    """The page as text."""
    return response.content.decode()  # type: ignore[attr-defined, no-any-return]
