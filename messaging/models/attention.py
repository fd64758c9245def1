"""When a person wants to be left alone, and how often a person may be interrupted."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class HolidayCalendar(models.Model):
    """Days on which nobody who uses this calendar is interrupted, and rules for working days rest. `days`: ISO dates.

    `worked`: days on which people work although they are a weekend's.
    """

    name = models.CharField(_("name"), max_length=80, unique=True)
    days = models.JSONField(_("holidays"), default=list, blank=True)
    worked = models.JSONField(_("worked weekend days"), null=True, blank=True)

    class Meta:
        verbose_name = _("holiday calendar")
        verbose_name_plural = _("holiday calendars")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Attention(models.Model):
    """One person's wishes. Times are the person's own clock; a window that ends before it begins lasts over midnight.

    `quiet_days`: weekdays that are quiet as a whole, Monday is 0. A budget counts first messages, not changes to them.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, verbose_name=_("person"), on_delete=models.CASCADE, related_name="attention"
    )
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    quiet_days = models.JSONField(_("quiet days"), default=list, blank=True)
    calendar = models.ForeignKey(
        HolidayCalendar,
        verbose_name=_("holiday calendar"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    hour_budget = models.PositiveSmallIntegerField(_("messages per hour, at most"), null=True, blank=True)
    day_budget = models.PositiveSmallIntegerField(_("messages per day, at most"), null=True, blank=True)

    class Meta:
        verbose_name = _("quiet hours")
        verbose_name_plural = _("quiet hours")
        ordering = ["user"]

    def __str__(self) -> str:
        return str(self.user)
