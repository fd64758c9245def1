"""im.webhook: a message of any size becomes a payload within its bounds, and says what was lost."""

from __future__ import annotations

import pytest

from connectors.im.webhook.client import body_encode
from connectors.im.webhook.render import ENVELOPE_BYTES, MAX_BODY_BYTES, message_render, text_truncate
from connectors.ports.im import Button, MessageField
from tests.connectors.contract.messages import message

ROOM = MAX_BODY_BYTES - ENVELOPE_BYTES


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abc…"),
        ("螺栓螺栓", 12, "螺栓螺栓"),
        ("螺栓螺栓", 11, "螺栓…"),
        ("a螺栓", 6, "a…"),
        ("🙂🙂🙂", 11, "🙂🙂…"),
        ("half \ud83d pair", 64, "half ? pair"),
        ("", 6, ""),
    ],
)
def test_truncation_counts_bytes_and_cuts_between_characters(text: str, limit: int, expected: str) -> None:
    assert text_truncate(text, limit) == expected
    assert len(expected.encode()) <= limit


def test_what_fits_is_left_alone() -> None:
    rendered = message_render(message(body="x" * 16384), reply_to="/r/")
    assert rendered.payload["body"] == "x" * 16384
    assert rendered.degraded == ()


def test_a_long_text_is_shortened_and_said_so() -> None:
    rendered = message_render(message(body="栓" * 30000), reply_to="/r/")
    assert rendered.payload["body"] == "栓" * 5460 + "…"
    assert rendered.degraded == ("Long texts were shortened to fit 65536 bytes.",)


def test_many_long_values_shrink_together() -> None:
    fields = tuple(MessageField(f"Label {number}", "\x01" * 9000, name=f"f{number}") for number in range(40))
    rendered = message_render(message(fields=fields), reply_to="/r/")
    assert len(body_encode(rendered.payload)) <= ROOM
    assert len(rendered.payload["fields"]) == 40
    assert {len(each["value"].encode()) for each in rendered.payload["fields"]} == {256}
    assert rendered.degraded == ("Long texts were shortened to fit 65536 bytes.",)


def test_too_many_values_are_left_out_and_counted() -> None:
    fields = tuple(MessageField("Label", "value", name=f"f{number}") for number in range(4000))
    rendered = message_render(message(fields=fields), reply_to="/r/")
    assert len(body_encode(rendered.payload)) <= ROOM
    assert len(rendered.payload["fields"]) == 1000
    assert rendered.degraded == ("3000 values were left out.",)


def test_buttons_beyond_ten_are_reached_through_the_link() -> None:
    buttons = tuple(Button(f"b{number}", f"Button {number}") for number in range(12))
    rendered = message_render(message(buttons=buttons), reply_to="/r/")
    assert [each["key"] for each in rendered.payload["buttons"]] == [f"b{number}" for number in range(10)]
    assert rendered.payload["link"] == "https://baton.example/inbox/1/"
    assert rendered.degraded == ("2 more buttons are reached through the link.",)


def test_markup_travels_as_text() -> None:
    hostile = '<script>alert("1")</script>","event_id":"forged\u2028'
    rendered = message_render(message(title=hostile), reply_to="/r/")
    assert rendered.payload["title"] == hostile
    assert body_encode(rendered.payload).count(b'"event_id":') == 1
