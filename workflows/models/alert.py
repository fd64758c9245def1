"""What is wrong with the installation itself, told to its administrators once per incident."""

from __future__ import annotations

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
