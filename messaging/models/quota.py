"""How much of a month's quota is used."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from connectors.models import Connection
from kernel.work import WorkRow


class QuotaMonth(WorkRow):
    """The counter of one connection in one month (its first day, in the zone the vendor counts in).

    Due when the forecast is to be looked at; `warned_at`: the administrators were told, once.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    month = models.DateField()
    used = models.PositiveIntegerField(default=0)
    warned_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("monthly quota")
        verbose_name_plural = _("monthly quotas")
        constraints = [models.UniqueConstraint(fields=["connection", "month"], name="quota_month_once")]
        indexes = [
            models.Index(
                fields=["available_at"],
                name="quota_month_due",
                condition=models.Q(available_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.connection_id} {self.month:%Y-%m}: {self.used}"
