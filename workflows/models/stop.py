"""A rule that was stopped, and the work of ending what waits for it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kernel import clock
from kernel.work import WorkRow
from workflows.models.rule import Rule


class StopReason(models.TextChoices):
    SWITCHED_OFF = "switched_off", _("Switched off")
    LOOP = "loop", _("Runaway loop")


class RuleStop(WorkRow):
    """One stop of a rule. Its runs are ended in batches, in the order of their numbers; `cursor` is the last looked at.

    It covers the runs whose `stops` is below `number`, and of those that carry none the ones up to `last_run_id`.
    `text` is what withdrawn cards say, in both languages; `found` how many runs there were to end, `ended` how many
    have been. `told_at`: when its owner and the administrators were told, which they are of what Baton itself stopped.
    """

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="stop_rows")
    number = models.PositiveIntegerField()
    reason = models.CharField(_("reason"), max_length=20, choices=StopReason.choices)
    text = models.JSONField(default=dict)
    last_run_id = models.BigIntegerField(default=0)
    cursor = models.BigIntegerField(default=0)
    found = models.PositiveIntegerField(_("runs to end"), default=0)
    ended = models.PositiveIntegerField(_("runs ended"), default=0)
    created_at = models.DateTimeField(_("at"), default=clock.now)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("stop of a rule")
        verbose_name_plural = _("stops of rules")
        constraints = [models.UniqueConstraint(fields=["rule", "number"], name="rule_stop_number")]
        indexes = [
            models.Index(
                fields=["available_at"], name="rule_stop_due", condition=models.Q(available_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.reason} {self.ended}/{self.found}"
