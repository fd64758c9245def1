"""What is wrong with the installation itself, told to its administrators once per incident."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kernel import clock


class Alert(models.Model):
    """One incident. `key` names what is wrong (`slow:plan`); at most one of a key is open (`ended_at` NULL)."""

    key = models.CharField(_("what"), max_length=120)
    text = models.JSONField(_("text"), default=dict)
    opened_at = models.DateTimeField(_("since"), default=clock.now)
    ended_at = models.DateTimeField(_("over"), null=True, blank=True)

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=models.Q(ended_at__isnull=True), name="alert_open_once"
            )
        ]

    def __str__(self) -> str:
        return self.key


class DailySummary(models.Model):
    """That an administrator was told of one day (a day of that person's zone)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    day = models.DateField(_("day"))
    sent_at = models.DateTimeField(_("sent"), default=clock.now)

    class Meta:
        verbose_name = _("daily summary")
        verbose_name_plural = _("daily summaries")
        constraints = [models.UniqueConstraint(fields=["user", "day"], name="daily_summary_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.day}"
