"""The account of what left the ERP: one row per month, rule, person, messenger and field."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from connectors.models import Connection
from kernel import clock
from workflows.models.rule import Rule


class DisclosureMonth(models.Model):
    """How often one field of one object was told to one person by one rule through one messenger in one month.

    `month` is its first day (UTC). `shown` counts messages with the value, `hidden` those where the gate hid it. Added
    up when messages leave, so that a review costs as many rows as there are such combinations, not messages.
    """

    month = models.DateField(_("month"))
    rule = models.ForeignKey(Rule, verbose_name=_("rule"), on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("person"), on_delete=models.CASCADE, related_name="+"
    )
    channel = models.ForeignKey(
        Connection, verbose_name=_("messenger"), on_delete=models.CASCADE, related_name="+"
    )
    connection = models.ForeignKey(
        Connection, verbose_name=_("connection"), on_delete=models.CASCADE, related_name="+"
    )
    object = models.CharField(_("object"), max_length=60)
    field = models.CharField(_("field"), max_length=60)
    shown = models.PositiveIntegerField(_("shown"), default=0)
    hidden = models.PositiveIntegerField(_("hidden"), default=0)
    first_at = models.DateTimeField(_("first"))
    last_at = models.DateTimeField(_("last"))

    class Meta:
        verbose_name = _("disclosure of a month")
        verbose_name_plural = _("access review")
        constraints = [
            models.UniqueConstraint(
                fields=["month", "rule", "user", "channel", "connection", "object", "field"],
                name="disclosure_month_once",
            )
        ]
        indexes = [models.Index(fields=["month", "-id"], name="disclosure_month_newest")]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.object}.{self.field}"


class AccessReport(models.Model):
    """The month's report that one data owner was sent: once."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    month = models.DateField(_("month"))
    sent_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("monthly report")
        verbose_name_plural = _("monthly reports")
        constraints = [models.UniqueConstraint(fields=["user", "month"], name="access_report_once")]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"
