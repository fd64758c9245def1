"""Pages of this room in the administration."""

from messaging.admin.attention import AttentionAdmin, HolidayCalendarAdmin
from messaging.admin.limits import LimitsAdmin

__all__ = ["AttentionAdmin", "HolidayCalendarAdmin", "LimitsAdmin"]
