"""What a run's write left in the ERP, by which an event that comes back is recognised."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kernel import clock
from workflows.models.run import Run


class FootprintKind(models.TextChoices):
    REFERENCE = "reference"
    DOCUMENT = "document"
    RECORD = "record"


class Footprint(models.Model):
    """One sign of one run's write. REFERENCE: the idempotency key; DOCUMENT: the written document's key or number;
    RECORD: the record the run was about.

    `chain` is what led to the write, oldest first (see workflows/engine/causes.py). `by_person`: somebody clicked.
    Until `until_at` events are compared with it.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="footprints")
    kind = models.CharField(max_length=10, choices=FootprintKind.choices)
    token = models.CharField(max_length=300)
    chain = models.JSONField(default=list)
    by_person = models.BooleanField(default=False)
    made_at = models.DateTimeField(default=clock.now)
    until_at = models.DateTimeField()

    class Meta:
        verbose_name = _("footprint")
        verbose_name_plural = _("footprints")
        constraints = [models.UniqueConstraint(fields=["run", "token"], name="footprint_once")]
        indexes = [
            models.Index(fields=["token"], name="footprint_token"),
            models.Index(fields=["until_at"], name="footprint_until"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.kind} {self.token}"
