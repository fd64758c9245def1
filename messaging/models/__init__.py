"""Rows of this room."""

from messaging.models.attention import Attention, HolidayCalendar
from messaging.models.confirmation import Confirmation, ConfirmationState
from messaging.models.disclosure import Disclosure
from messaging.models.group import (
    FRESH_SECONDS,
    GroupChat,
    GroupMember,
    GroupPost,
    Otherwise,
    PostPlan,
    PostState,
)
from messaging.models.interaction import (
    DIGEST,
    NOT_SENT_STATES,
    OPEN_STATES,
    PRIORITY_LANE,
    Answer,
    Delivery,
    DeliveryState,
    Hold,
    Interaction,
    InteractionState,
    Reply,
    ReplyState,
)
from messaging.models.quota import QuotaMonth
from messaging.models.rate import RateBucket
from messaging.models.substitute import Substitute

__all__ = [
    "DIGEST",
    "FRESH_SECONDS",
    "NOT_SENT_STATES",
    "OPEN_STATES",
    "PRIORITY_LANE",
    "Answer",
    "Attention",
    "Confirmation",
    "ConfirmationState",
    "Delivery",
    "DeliveryState",
    "Disclosure",
    "GroupChat",
    "GroupMember",
    "GroupPost",
    "Hold",
    "HolidayCalendar",
    "Interaction",
    "InteractionState",
    "Otherwise",
    "PostPlan",
    "PostState",
    "QuotaMonth",
    "RateBucket",
    "Reply",
    "ReplyState",
    "Substitute",
]
