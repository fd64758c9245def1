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


class WalkState(models.TextChoices):
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    STOPPED = "stopped", _("Stopped")


class RecordWalk(WorkRow):
    """A rule's look over all records of its object, for one occurrence. Records up to `position` have been looked at.

    `made` counts those that started the rule; `left_out` those that would have beyond `most`.
    """

    rule = models.ForeignKey(Rule, verbose_name=_("rule"), on_delete=models.CASCADE, related_name="walks")
    change = models.CharField(_("change"), max_length=20)
    occurrence_at = models.DateTimeField(_("time"))
    state = models.CharField(_("state"), max_length=10, choices=WalkState.choices, default=WalkState.RUNNING)
    position = models.BigIntegerField(default=0)
    until_id = models.BigIntegerField(default=0)
    total = models.PositiveIntegerField(_("records"), default=0)
    looked = models.PositiveIntegerField(_("looked at"), default=0)
    made = models.PositiveIntegerField(_("started"), default=0)
    most = models.PositiveIntegerField(_("at most"), null=True)
    left_out = models.PositiveIntegerField(_("left out"), default=0)
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("look over records")
        verbose_name_plural = _("looks over records")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["rule", "change", "occurrence_at"], name="record_walk_once")
        ]
        indexes = [
            models.Index(
                fields=["available_at"], name="walk_due", condition=models.Q(available_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.occurrence_at} {self.looked}/{self.total}"
