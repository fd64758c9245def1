"""im.inbox: its payload is the message itself, and comes back as the same message."""

from __future__ import annotations

import json

from connectors.im.inbox.connector import InboxConnector
from connectors.ports.im import Message
from tests.connectors.contract.messages import message


def test_the_payload_is_the_whole_message() -> None:
    rendered = InboxConnector().render(message())
    assert rendered.degraded == ()
    assert Message.from_json(json.loads(json.dumps(rendered.payload))) == message()
