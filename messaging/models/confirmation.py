"""What is sent but not known to have arrived."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kernel.work import WorkRow
from messaging.models.interaction import Delivery


class ConfirmationState(models.TextChoices):
    WAITING = "waiting", _("Waiting for a sign")
    CONFIRMED = "confirmed", _("Confirmed")
    WENT_ON = "went_on", _("Went on to the next")
    EXHAUSTED = "exhausted", _("Nobody is left to try")
    ENDED = "ended", _("No longer needed")


class Confirmation(WorkRow):
    """The deadline of one delivery that may have been discarded: due when somebody else is to be tried."""

    delivery = models.OneToOneField(Delivery, on_delete=models.CASCADE, related_name="confirmation")
    state = models.CharField(
        max_length=10, choices=ConfirmationState.choices, default=ConfirmationState.WAITING
    )
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("confirmation")
        verbose_name_plural = _("confirmations")
        indexes = [
            models.Index(
                fields=["available_at"],
                name="confirmation_due",
                condition=models.Q(available_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"#{self.delivery_id}: {self.get_state_display()}"
