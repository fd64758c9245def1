"""Rows of this room."""

from messaging.models.interaction import (
    OPEN_STATES,
    Answer,
    Delivery,
    DeliveryState,
    Interaction,
    InteractionState,
    Reply,
    ReplyState,
)

__all__ = [
    "OPEN_STATES",
    "Answer",
    "Delivery",
    "DeliveryState",
    "Interaction",
    "InteractionState",
    "Reply",
    "ReplyState",
]
