"""Pages of this room in the administration."""

from messaging.admin.absence import HolidayCalendarAdmin, SubstituteAdmin
from messaging.admin.attention import AttentionAdmin
from messaging.admin.emergency import EmergencyAdmin
from messaging.admin.groups import GroupChatAdmin
from messaging.admin.limits import LimitsAdmin

__all__ = [
    "AttentionAdmin",
    "EmergencyAdmin",
    "GroupChatAdmin",
    "HolidayCalendarAdmin",
    "LimitsAdmin",
    "SubstituteAdmin",
]
