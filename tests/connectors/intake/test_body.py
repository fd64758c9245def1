"""Reading a body: one object or an array, bounded, and nothing in it that a database would not take."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.intake.body import MOST_DEPTH, MOST_ITEMS, BodyUnreadable, body_read


@pytest.mark.parametrize(
    ("body", "items"),
    [
        (b'{"a": 1}', [{"a": 1}]),
        (b'[{"a": 1}, {"b": 2}]', [{"a": 1}, {"b": 2}]),
        (b'\xef\xbb\xbf{"a": 1}', [{"a": 1}]),
        (b'[{"a": 1}, 5, null]', [{"a": 1}, 5, None]),
        (b'{"a": 1, "a": 2}', [{"a": 2}]),
        (b'{"a": 0.1}', [{"a": 0.1}]),
        (b'{"a": 12345678901234.56789}', [{"a": "12345678901234.56789"}]),
        (b'{"a": 1e400}', [{"a": "1e400"}]),
        (b'{"a": 1e2}', [{"a": 100.0}]),
        (b'{"a\\u0000": "x\\ud800y"}', [{"a\N{REPLACEMENT CHARACTER}": "x\N{REPLACEMENT CHARACTER}y"}]),
        ('{"a": "库存 \\ud83d\\ude00"}'.encode(), [{"a": "库存 😀"}]),
    ],
)
def test_readable(body: bytes, items: list[Any]) -> None:
    assert body_read(body) == items


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'{"a": -Infinity}', "-Infinity is not JSON"),
        (b'{"a": "\x01"}', "not JSON"),
        (b"\xff\xfe{}", "not JSON"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"5", "Send one JSON object"),
        (b"[]", "Send one JSON object"),
        (b"[1, 2]", "Send one JSON object"),
        (b'{"a": ' + b"[" * MOST_DEPTH + b"]" * MOST_DEPTH + b"}", "nested more than 32 levels"),
        (b"[" + b",".join([b"{}"] * (MOST_ITEMS + 1)) + b"]", "this one has 5001"),
    ],
)
def test_unreadable(body: bytes, words: str) -> None:
    with pytest.raises(BodyUnreadable, match=words):
        body_read(body)


def test_as_deep_as_allowed() -> None:
    body = b'{"a": ' + b"[" * (MOST_DEPTH - 1) + b"]" * (MOST_DEPTH - 1) + b"}"
    assert len(body_read(body)) == 1
