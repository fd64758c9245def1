"""im.webhook: what a verified body may hold. The proof itself is tested by the contract suite."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from connectors.im.webhook.inbound import replies_parse
from connectors.ports.im import InboundReply, InboundRequest
from kernel.errors import Rejected
from kernel.signature import headers_sign
from tests.connectors.contract.messages import NOW

KEY = b"0123456789abcdef"
CLICK = {"address": "u-17", "message_id": "m-1", "button": "create_po"}


def _parse(body: bytes) -> tuple[InboundReply, ...]:
    return replies_parse(InboundRequest("POST", headers_sign(KEY, "w-1", body, NOW), {}, body, NOW), KEY)


def _parse_json(document: Any) -> tuple[InboundReply, ...]:
    return _parse(json.dumps(document).encode())


def test_one_answer_or_a_list() -> None:
    click = {**CLICK, "version": 3, "inputs": {"quantity": 200, "note": "急", "price": 1.10}, "x": [1]}
    expected = InboundReply(
        "w-1:0",
        "u-17",
        message_id="m-1",
        version=3,
        button="create_po",
        inputs={"quantity": "200", "note": "急", "price": "1.1"},
    )
    assert _parse_json(click) == (expected,)
    assert _parse_json([click, {"address": " u-18 ", "text": " 下单 200 "}]) == (
        expected,
        InboundReply("w-1:1", "u-18", text="下单 200"),
    )
    assert _parse_json([]) == ()
    assert len(_parse_json([CLICK] * 100)) == 100


def test_decimals_keep_every_digit() -> None:
    (reply,) = _parse(b'{"address":"u","message_id":"m","button":"b","inputs":{"p":0.10000000000000000001}}')
    assert Decimal(reply.inputs["p"]) == Decimal("0.10000000000000000001")


def test_a_second_signature_beside_an_old_one_is_enough() -> None:
    body = json.dumps(CLICK).encode()
    headers = headers_sign(KEY, "w-1", body, NOW)
    old = headers_sign(b"the old key", "w-1", body, NOW)["webhook-signature"]
    both = {**headers, "webhook-signature": f"{old} {headers['webhook-signature']}"}
    assert len(replies_parse(InboundRequest("POST", both, {}, body, NOW), KEY)) == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b'{"address":', "not JSON"),
        (b'{"address":NaN}', "not JSON"),
        (b'{"version":' + b"9" * 5000 + b"}", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[" * 9 + b"]" * 9, "nested"),
        (b"[" * 8 + b"]" * 8, "not an object"),
        (b"[" * 200_000 + b"]" * 200_000, "not JSON|nested"),
        (b'{"address":"' + b"x" * 4001 + b'"}', "longer than 4000"),
        (b'{"address":"u\\u0000","text":"x"}', "cannot be stored"),
        (b'{"address":"u","text":"\\ud83d"}', "cannot be stored"),
        (b'{"address":"u","text":"x","\\u0000":1}', "cannot be stored"),
        (b'"text"', "not an object"),
        (b"null", "not an object"),
        (b"[1]", "not an object"),
        (b" " * (1024 * 1024 + 1), "larger than"),
    ],
)
def test_what_cannot_be_read_is_refused(body: bytes, words: str) -> None:
    with pytest.raises(Rejected, match=words):
        _parse(body)


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ({"text": "x"}, "“address” is missing"),
        ({"address": " ", "text": "x"}, "“address” is missing"),
        ({"address": 17, "text": "x"}, "“address” must be a text"),
        ({"address": "u" * 201, "text": "x"}, "“address” must be a text of at most 200"),
        ({"address": "u"}, "needs a “button” or a “text”"),
        ({"address": "u", "button": "b"}, "needs the “message_id”"),
        ({**CLICK, "version": "1"}, "“version” must be a whole number"),
        ({**CLICK, "version": True}, "“version” must be a whole number"),
        ({**CLICK, "version": 1.5}, "“version” must be a whole number"),
        ({**CLICK, "version": -1}, "“version” must be a whole number"),
        ({**CLICK, "inputs": [1]}, "“inputs” must be an object"),
        ({**CLICK, "inputs": {str(n): "x" for n in range(21)}}, "at most 20 entries"),
        ({**CLICK, "inputs": {"quantity": None}}, "“quantity” must be a text or a number"),
        ({**CLICK, "inputs": {"quantity": True}}, "“quantity” must be a text or a number"),
        ({**CLICK, "inputs": {"quantity": {"a": 1}}}, "“quantity” must be a text or a number"),
    ],
)
def test_one_unreadable_answer_refuses_the_whole_request(item: dict[str, Any], words: str) -> None:
    with pytest.raises(Rejected, match=f"Answer 1 cannot be read: .*{words}"):
        _parse_json([CLICK, item])


def test_at_most_a_hundred_answers() -> None:
    with pytest.raises(Rejected, match="At most 100"):
        _parse_json([CLICK] * 101)
