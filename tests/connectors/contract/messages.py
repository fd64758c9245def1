"""The message the messenger rules send, and the moment they happen at."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from connectors.ports.im import Button, ButtonInput, Message, MessageField

NOW = dt.datetime(2026, 11, 22, 8, 0, tzinfo=dt.UTC)


def message(**changes: Any) -> Message:
    """The stock card, in English."""
    card = Message(
        id="0d3c2f9e-6f0b-4d43-9a63-2f6a1b7c8d90",
        event_id="4711",
        version=1,
        title="Stock below reorder level",
        body="M6 螺栓 is short in EAST.",
        fields=(MessageField("On hand", "12 pcs", emphasis=True, name="on_hand"),),
        buttons=(
            Button(
                "create_po",
                "Create PO",
                style="primary",
                inputs=(ButtonInput("quantity", "Quantity", "integer", "200"),),
                replies=("order {quantity}", "下单 {quantity}"),
            ),
            Button("not_now", "Not now"),
        ),
        link="https://baton.example/inbox/1/",
    )
    return dataclasses.replace(card, **changes)
