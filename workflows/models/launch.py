"""How far a rule in force has been launched, and when it stops by itself."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kernel import clock
from workflows.models.rule import Rule


class LaunchStep(models.TextChoices):
    SHADOW = "shadow", _("Shadow: only the owner is told what would have been sent")
    PILOT = "pilot", _("Pilot people only")
    TENTH = "tenth", _("One record in ten")
    ALL = "all", _("Everybody")


class Launch(models.Model):
    """One for a rule that is launched in steps; a rule without one is in force for everybody.

    `pilots` are the numbers of the people told in the pilot step. `forecast` is how often a day the rule is expected to
    fire (NULL: not known, so that it never stops by itself); it stops at `factor` times that within COUNTED_HOURS, counted
    over its runs after `after_run_id`, the last there was at `counted_from`.
    """

    rule = models.OneToOneField(Rule, on_delete=models.CASCADE, related_name="launch")
    step = models.CharField(
        _("launch step"), max_length=10, choices=LaunchStep.choices, default=LaunchStep.ALL
    )
    pilots = models.JSONField(_("pilot people"), default=list)
    forecast = models.FloatField(_("expected a day"), null=True)
    factor = models.FloatField(_("stops at … times"), default=3.0)
    counted_from = models.DateTimeField(default=clock.now)
    after_run_id = models.BigIntegerField(default=0)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    changed_at = models.DateTimeField(_("changed at"), default=clock.now)

    class Meta:
        verbose_name = _("launch of a rule")
        verbose_name_plural = _("launches of rules")

    def __str__(self) -> str:
        return f"{self.rule_id} {self.step}"
