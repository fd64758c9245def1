"""What a rule remembers about one record: the edge it has seen."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from connectors.models import Record
from workflows.models.rule import Rule


class RuleRecordState(models.Model):
    """`again_at`: when it is looked at again, while true (a timer of its own). `armed`: the next time the condition is true the rule fires. A crossing is consumed by its Run."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="record_states")
    record = models.ForeignKey(Record, on_delete=models.CASCADE, related_name="+")
    armed = models.BooleanField(default=True)
    fired_event_id = models.BigIntegerField(null=True, blank=True)
    fired_at = models.DateTimeField(null=True, blank=True)
    first_delivered_at = models.DateTimeField(null=True, blank=True)
    again_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("rule state of a record")
        verbose_name_plural = _("rule states of records")
        constraints = [models.UniqueConstraint(fields=["rule", "record"], name="rule_record_state")]
        indexes = [
            models.Index(fields=["again_at"], name="rule_again", condition=models.Q(again_at__isnull=False))
        ]

    def __str__(self) -> str:
        return f"{self.rule_id}×{self.record_id} {'armed' if self.armed else 'fired'}"
