"""Pages of this room in the administration."""

from messaging.admin.limits import LimitsAdmin

__all__ = ["LimitsAdmin"]
