"""The counter-check: what the source says it holds, beside what is recorded of it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from connectors.models.record import RecordedObject
from kernel.work import WorkRow


class CounterState(models.TextChoices):
    """SUSPECT: unequal, which a change since the last poll explains; looked at again after the next one."""

    NEW = "new", _("Not counted yet")
    EQUAL = "equal", _("Equal")
    SUSPECT = "suspect", _("Looked at again")
    HOLE = "hole", _("Hole")


class CounterCheck(WorkRow):
    """The newest comparison of one recorded object; `available_at` is the next.

    `found_at` and `healed_at` tell of the latest hole; `reason` what it was and what became of it.
    """

    recorded = models.OneToOneField(RecordedObject, on_delete=models.CASCADE, related_name="counter")
    state = models.CharField(
        _("state"), max_length=10, choices=CounterState.choices, default=CounterState.NEW
    )
    source_records = models.BigIntegerField(_("in the source"), null=True)
    own_records = models.BigIntegerField(_("recorded"), null=True)
    source_newest_at = models.DateTimeField(_("newest in the source"), null=True)
    own_newest_at = models.DateTimeField(_("newest recorded"), null=True)
    checked_at = models.DateTimeField(_("counted"), null=True)
    found_at = models.DateTimeField(_("hole found"), null=True)
    healed_at = models.DateTimeField(_("hole healed"), null=True)
    reason = models.TextField(blank=True, default="")

    class Meta:
        verbose_name = _("counter-check")
        verbose_name_plural = _("counter-checks")
        indexes = [
            models.Index(
                fields=["available_at"], name="counter_due", condition=models.Q(available_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.recorded_id} {self.state}"
