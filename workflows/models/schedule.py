"""When a rule with set times starts next: a row each, and so neither lost nor taken twice."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from kernel.work import WorkRow
from workflows.models.rule import Rule


class Schedule(WorkRow):
    """`occurrence_at` is the next occurrence; the row is due then. `number` counts those that were taken.

    It goes on while its rule is switched off, without making events.
    """

    waits_by_calendar: ClassVar[bool] = True

    rule = models.OneToOneField(
        Rule, verbose_name=_("rule"), on_delete=models.CASCADE, related_name="schedule"
    )
    occurrence_at = models.DateTimeField(_("next time"), null=True)
    last_at = models.DateTimeField(_("last time"), null=True)
    number = models.PositiveIntegerField(_("times so far"), default=0)
    missed = models.PositiveIntegerField(_("missed"), default=0)

    class Meta:
        verbose_name = _("schedule")
        verbose_name_plural = _("schedules")
        ordering = ["occurrence_at", "pk"]
        indexes = [
            models.Index(
                fields=["available_at"], name="schedule_due", condition=models.Q(available_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.occurrence_at}"
