"""A back-test: a definition replayed over the recorded events, in batches, and what it would have sent."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from connectors.models import Connection
from kernel import clock
from kernel.work import WorkRow
from workflows.models.rule import Rule, RuleVersion


class BackTestState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", _("Failed")


class BackTest(WorkRow):
    """One person's back-test. Its figures hold only what that person may see, so it is shown to nobody else.

    Events after `position` up to `until_id` are still to be replayed; `memory` is what each side (`draft`, and `published` to
    compare with) remembers of each record, so that any worker can go on.
    """

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="backtests")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    definition = models.JSONField(_("definition"))
    published = models.ForeignKey(RuleVersion, null=True, on_delete=models.SET_NULL, related_name="+")
    days = models.PositiveSmallIntegerField(_("days"))
    state = models.CharField(
        _("state"), max_length=10, choices=BackTestState.choices, default=BackTestState.WAITING
    )
    reason = models.TextField(_("reason"), blank=True, default="")
    since = models.DateTimeField(_("recorded since"), null=True)
    position = models.BigIntegerField(default=0)
    until_id = models.BigIntegerField(default=0)
    total = models.PositiveIntegerField(_("events"), default=0)
    done = models.PositiveIntegerField(_("replayed"), default=0)
    left_out = models.PositiveIntegerField(_("left out"), default=0)
    held = models.JSONField(_("suppressed"), default=dict)
    memory = models.JSONField(default=dict)
    summary = models.JSONField(_("figures"), null=True)
    asked_at = models.DateTimeField(_("asked at"), default=clock.now)
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("back-test")
        verbose_name_plural = _("back-tests")
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["available_at"], name="backtest_due", condition=models.Q(available_at__isnull=False)
            ),
            models.Index(fields=["rule", "asked_by", "-id"], name="backtest_of"),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.days}d {self.done}/{self.total}"


class BackTestHit(models.Model):
    """One message it would have sent (`user` and `channel` empty: it fired, and nobody could be told)."""

    backtest = models.ForeignKey(BackTest, on_delete=models.CASCADE, related_name="hits")
    side = models.CharField(max_length=9)
    event_id = models.BigIntegerField()
    key = models.CharField(_("record"), max_length=200)
    at = models.DateTimeField(_("at"))
    step = models.PositiveSmallIntegerField(default=0)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    channel = models.ForeignKey(Connection, null=True, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("message of a back-test")
        verbose_name_plural = _("messages of back-tests")
        indexes = [models.Index(fields=["backtest", "side", "id"], name="backtest_hit")]

    def __str__(self) -> str:
        return f"{self.backtest_id} {self.side} {self.event_id} → {self.user_id}"
