"""How much of a limit is used up, shared by all workers."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class RateBucket(models.Model):
    """One limit of one connection, robot, recipient or person. `key` names it; see messaging/pace.py for the moments."""

    key = models.CharField(max_length=120, unique=True)
    level_at = models.DateTimeField()
    lane_at = models.DateTimeField()
    promised_at = models.DateTimeField()
    used_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("rate bucket")
        verbose_name_plural = _("rate buckets")

    def __str__(self) -> str:
        return self.key
