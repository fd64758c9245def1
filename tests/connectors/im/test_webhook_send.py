"""im.webhook: exactly what leaves, and what the receiver's answers come to."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from connectors.im.webhook.connector import build
from connectors.ports.erp import ConnectorContext
from connectors.ports.im import SendResult
from kernel import clock
from kernel.errors import ConfigError, NotFound, PermissionDenied, Rejected
from kernel.http import HttpClient, nets_parse
from tests.connectors.contract.messages import NOW, message
from tests.connectors.contract.peer import Answer, Peer, answer_json

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()


def _connector(url: str, secret: str = SECRET, **settings: Any) -> Any:
    http = HttpClient(allow_nets=nets_parse("127.0.0.0/8"))
    context = ConnectorContext(http, inbound_path="/im/shop-floor/")
    return build({"url": url, **settings}, {"signing_secret": secret}, context)


def test_a_message_leaves_signed_with_the_event_id_first() -> None:
    with Peer(lambda request: answer_json({"ok": True, "id": "their-1"})) as peer, clock.frozen(NOW):
        connector = _connector(peer.url + "/a/b?c=d")
        result = connector.send("u-17", connector.render(message()).payload, idempotency_key="k-1")
    assert result == SendResult("their-1", confirmed=True)
    (sent,) = peer.requests
    assert (sent.method, sent.path) == ("POST", "/a/b?c=d")
    assert sent.headers["content-type"] == "application/json"
    assert "authorization" not in sent.headers
    assert sent.body.startswith(b'{"event_id":"4711","id":"0d3c2f9e-')
    assert list(sent.json()) == [
        *("event_id", "id", "version", "kind", "idempotency_key", "address", "language", "title", "body"),
        *("fields", "buttons", "state", "state_text", "link", "reply_to"),
    ]
    assert sent.json() == {
        "event_id": "4711",
        "id": "0d3c2f9e-6f0b-4d43-9a63-2f6a1b7c8d90",
        "version": 1,
        "kind": "message",
        "idempotency_key": "k-1",
        "address": "u-17",
        "language": "en",
        "title": "Stock below reorder level",
        "body": "M6 螺栓 is short in EAST.",
        "fields": [{"name": "on_hand", "label": "On hand", "value": "12 pcs"}],
        "buttons": [
            {
                "key": "create_po",
                "label": "Create PO",
                "style": "primary",
                "confirm": "",
                "inputs": [{"name": "quantity", "label": "Quantity", "type": "integer", "value": "200"}],
                "replies": ["order {quantity}", "下单 {quantity}"],
            },
            {
                "key": "not_now",
                "label": "Not now",
                "style": "secondary",
                "confirm": "",
                "inputs": [],
                "replies": [],
            },
        ],
        "state": "open",
        "state_text": "",
        "link": "https://baton.example/inbox/1/",
        "reply_to": "/im/shop-floor/",
    }
    signed = b"k-1.1795334400." + sent.body
    digest = hmac.new(b"0123456789abcdef01234567", signed, hashlib.sha256).digest()
    assert sent.headers["webhook-id"] == "k-1"
    assert sent.headers["webhook-timestamp"] == "1795334400"
    assert sent.headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


def test_an_update_names_the_message_it_replaces() -> None:
    with Peer(lambda request: answer_json({"id": "another"})) as peer:
        connector = _connector(peer.url)
        payload = connector.render(message(version=2, state="decided", buttons=())).payload
        result = connector.update("u-17", "their-1", payload, idempotency_key="k-2")
    assert result == SendResult("their-1")
    sent = peer.requests[0].json()
    assert (sent["kind"], sent["vendor_message_id"], sent["version"]) == ("update", "their-1", 2)
    assert (sent["state"], sent["buttons"]) == ("decided", [])
    assert next(iter(sent)) == "event_id"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(204),
        Answer(202, b"queued"),
        Answer(200, b"[1]"),
        answer_json({"ok": True, "id": 7}),
        answer_json({"id": "x" * 201}),
        answer_json({"ok": True, "error": "ignored, since ok"}),
    ],
)
def test_any_2xx_means_taken_and_the_key_names_the_message(answer: Answer) -> None:
    with Peer(lambda request: answer) as peer:
        connector = _connector(peer.url)
        result = connector.send("u-17", connector.render(message()).payload, idempotency_key="k-1")
    assert result == SendResult("k-1")


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (answer_json({"ok": False}), Rejected, "The receiver refused the message without saying why."),
        (answer_json({"error": {"message": "no such\n person"}}), Rejected, "no such person"),
        (answer_json({"detail": "bad address"}, 422), Rejected, "bad address"),
        (answer_json({"error": "muted"}, 403), PermissionDenied, "muted"),
        (answer_json({}, 404), NotFound, "404"),
        (Answer(307, b"", {"location": "https://elsewhere.example/"}), ConfigError, "final address"),
    ],
)
def test_refusals_are_told_in_the_receivers_words(answer: Answer, kind: type[Exception], words: str) -> None:
    with Peer(lambda request: answer) as peer:
        connector = _connector(peer.url)
        with pytest.raises(kind, match=words):
            connector.send("u-17", connector.render(message()).payload, idempotency_key="k-1")
    assert len(peer.requests) == 1


@pytest.mark.parametrize("secret", ["", "   ", "whsec_", "whsec_not base64!"])
def test_without_a_usable_secret_nothing_leaves(secret: str) -> None:
    with Peer(lambda request: answer_json({})) as peer:
        connector = _connector(peer.url, secret)
        with pytest.raises(ConfigError):
            connector.send("u-17", connector.render(message()).payload, idempotency_key="k-1")
        report = connector.check()
    assert not report.ok
    assert report.items[0].hint.en == "Correct the settings and test again."
    assert peer.requests == []


def test_the_check_is_signed_and_says_when_the_secret_differs() -> None:
    with Peer(lambda request: answer_json({"error": "signature"}, 401)) as peer:
        report = _connector(peer.url + "/path-with-a-token", "plain text").check()
    assert not report.ok
    assert report.account == "127.0.0.1"
    assert report.items[0].hint.en == "The secret differs: enter the same signing secret on both sides."
    assert "path-with-a-token" not in json.dumps(report.as_json())
    (sent,) = peer.requests
    assert sent.body == b'{"event_id":"baton-check","kind":"check"}'
    assert sent.headers["webhook-signature"].startswith("v1,")
