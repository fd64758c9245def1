"""What left for people, as it is noted by the transaction that notes the sending."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kernel import clock


class Disclosure(models.Model):
    """One batch of messages that left, until it is added to the month's account; then the row goes.

    `told` is a list of [delivery id, masked field names]: what the gate hid in that message.
    """

    told = models.JSONField(default=list)
    at = models.DateTimeField(_("at"), default=clock.now)

    class Meta:
        verbose_name = _("disclosure")
        verbose_name_plural = _("disclosures")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}: {len(self.told)}"
