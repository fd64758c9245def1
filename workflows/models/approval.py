"""Four eyes: where publishing needs another person's approval, and what waits for it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from connectors.models import Connection
from kernel import clock
from workflows.models.rule import Rule, RuleVersion


class FourEyes(models.Model):
    """While the row is there, publishing this rule, or any rule of this connection, needs another person's approval."""

    rule = models.OneToOneField(Rule, null=True, on_delete=models.CASCADE, related_name="four_eyes")
    connection = models.OneToOneField(
        Connection, null=True, on_delete=models.CASCADE, related_name="four_eyes"
    )
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    set_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("four-eyes rule")
        verbose_name_plural = _("four-eyes rules")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(rule__isnull=True) ^ models.Q(connection__isnull=True),
                name="four_eyes_of_one",
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule_id or ''}/{self.connection_id or ''}"


class ApprovalState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    APPROVED = "approved", _("Approved")
    REFUSED = "refused", _("Refused")
    REPLACED = "replaced", _("Replaced")


class Approval(models.Model):
    """What `asked_by` wants to put in force, exactly as it was then. `edited_by` wrote it: neither of them may approve it."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="approvals")
    definition = models.JSONField()
    note = models.CharField(_("note"), max_length=200, blank=True, default="")
    state = models.CharField(
        _("state"), max_length=10, choices=ApprovalState.choices, default=ApprovalState.WAITING
    )
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    asked_at = models.DateTimeField(_("asked at"), default=clock.now)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    version = models.ForeignKey(RuleVersion, null=True, on_delete=models.SET_NULL, related_name="approvals")

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["rule"], condition=models.Q(state="waiting"), name="approval_waiting_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.state}"
