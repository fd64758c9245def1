"""What is missing is skipped by name, and fails where it is required."""

from __future__ import annotations

import pytest

from tests import needs as module
from tests.needs import NEEDS, is_required, needs


def test_missing_is_skipped_or_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(NEEDS, "nothing-like-it", lambda: "it was never built")
    monkeypatch.delenv("BATON_REQUIRE", raising=False)
    module.reason_missing.cache_clear()
    skipped = needs("nothing-like-it").mark
    assert (skipped.name, skipped.args[0]) == ("skipif", True)
    assert skipped.kwargs == {"reason": "needs nothing-like-it: it was never built"}
    monkeypatch.setenv("BATON_REQUIRE", "redis, nothing-like-it")
    failed = needs("nothing-like-it").mark
    assert (failed.name, failed.args) == (
        "usefixtures",
        ("BATON_REQUIRE asks for nothing-like-it: it was never built",),
    )


@pytest.mark.parametrize(
    ("setting", "wanted"), [("", False), ("all", True), ("redis,chromium", True), ("rabbitmq", False)]
)
def test_required_by_name_or_all(monkeypatch: pytest.MonkeyPatch, setting: str, wanted: bool) -> None:
    monkeypatch.setenv("BATON_REQUIRE", setting)
    assert is_required("redis") is wanted


def test_an_unknown_need_is_an_error() -> None:
    with pytest.raises(KeyError):
        needs("typo")
