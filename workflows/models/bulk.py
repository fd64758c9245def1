"""One thing done to many dead letters: stored, drained in batches, to be watched and cancelled."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kernel import clock
from kernel.work import WorkRow


class BulkAct(models.TextChoices):
    REPLAY = "replay", _("Try again")
    DISCARD = "discard", _("Discard")


class BulkState(models.TextChoices):
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    CANCELLED = "cancelled", _("Cancelled")


class BulkOperation(WorkRow):
    """`settings` are those of a single replay (see services/letters.py). `done` and `refused` count finished items."""

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("started by"), on_delete=models.PROTECT, related_name="+"
    )
    act = models.CharField(_("what is done"), max_length=10, choices=BulkAct.choices)
    settings = models.JSONField(default=dict, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=BulkState.choices, default=BulkState.RUNNING)
    total = models.PositiveIntegerField(_("letters"), default=0)
    done = models.PositiveIntegerField(_("done"), default=0)
    refused = models.PositiveIntegerField(_("refused"), default=0)
    created_at = models.DateTimeField(_("started"), default=clock.now)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("bulk operation")
        verbose_name_plural = _("bulk operations")
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["available_at"], name="bulk_due", condition=models.Q(available_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.get_act_display()}"


class BulkItemState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    DONE = "done", _("Done")
    REFUSED = "refused", _("Refused")


class BulkItem(models.Model):
    """One letter of an operation: `kind` and `letter_id` name it, `reason` says why it was refused."""

    operation = models.ForeignKey(BulkOperation, on_delete=models.CASCADE, related_name="items")
    kind = models.CharField(max_length=10)
    letter_id = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=BulkItemState.choices, default=BulkItemState.WAITING)
    reason = models.TextField(blank=True, default="")

    class Meta:
        verbose_name = _("letter of a bulk operation")
        verbose_name_plural = _("letters of a bulk operation")
        constraints = [
            models.UniqueConstraint(fields=["operation", "kind", "letter_id"], name="bulk_item_once")
        ]
        indexes = [
            models.Index(fields=["operation", "id"], name="bulk_waiting", condition=models.Q(state="waiting"))
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.letter_id} {self.state}"
