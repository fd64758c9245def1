"""What a rule did on one day, counted from the rows again and again; the list of rules reads nothing else."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kernel import clock
from workflows.models.rule import Rule


class RuleDay(models.Model):
    """One day (UTC) of one rule. Each count is of what happened on that day, whenever its run began.

    `fired` runs begun, `sent` messages that went out, `answered` answers taken, `failed` runs that ended so, `held` firings
    held back. `answer_times` counts the answers by how long people took: {"n": count} with n = ⌊4·log₂(seconds)⌋.
    """

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="days")
    day = models.DateField(_("day"))
    fired = models.PositiveIntegerField(default=0)
    sent = models.PositiveIntegerField(default=0)
    answered = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    held = models.PositiveIntegerField(default=0)
    answer_times = models.JSONField(default=dict)
    counted_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("day of a rule")
        verbose_name_plural = _("days of rules")
        constraints = [models.UniqueConstraint(fields=["rule", "day"], name="rule_day_once")]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.day}"
