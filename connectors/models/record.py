"""The record store: what is recorded, and the last known state of each record."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from connectors.models.connection import Connection
from kernel import clock
from kernel.work import WorkRow


class RecordedObject(WorkRow):
    """One object of one connection that is recorded, with its poll timer and cursor.

    `available_at` is the next poll. Until `snapshot_at` is set the first walk is under way: no events are made, since
    first sight of a record is no crossing.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="recorded_objects")
    object = models.CharField(_("object"), max_length=60)
    cursor = models.JSONField(_("cursor"), default=dict, blank=True)
    snapshot_at = models.DateTimeField(_("recorded since"), null=True, blank=True)
    polled_at = models.DateTimeField(_("last poll"), null=True, blank=True)
    retention_days = models.PositiveIntegerField(_("keep payloads (days)"), default=90)

    class Meta:
        verbose_name = _("recorded object")
        verbose_name_plural = _("recorded objects")
        constraints = [models.UniqueConstraint(fields=["connection", "object"], name="recorded_object")]
        indexes = [
            models.Index(
                fields=["available_at"], name="recorded_due", condition=models.Q(available_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.connection_id}:{self.object}"


class Record(models.Model):
    """The last known state of one ERP record, and the state row that orders the planning of its events.

    `data` is the newest canonical state detected. `planned_data` is the state rules have seen: the next event's
    `before`. `planned_version` orders sources that number their states. Scope dimensions are columns, never JSON.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="records")
    object = models.CharField(_("object"), max_length=60)
    key = models.CharField(_("key"), max_length=200)
    data = models.JSONField(_("data"), default=dict)
    fingerprint = models.CharField(max_length=32, blank=True, default="")
    changed_at = models.DateTimeField(null=True, blank=True)
    gone = models.BooleanField(_("gone"), default=False)
    planned_data = models.JSONField(null=True, blank=True)
    planned_version = models.CharField(max_length=64, blank=True, default="")
    planned_event_id = models.BigIntegerField(null=True, blank=True)
    company = models.CharField(_("company"), max_length=60, blank=True, default="")
    warehouse = models.CharField(_("warehouse"), max_length=60, blank=True, default="")
    salesperson = models.CharField(_("salesperson"), max_length=60, blank=True, default="")
    department = models.CharField(_("department"), max_length=60, blank=True, default="")
    region = models.CharField(_("region"), max_length=60, blank=True, default="")
    supplier_group = models.CharField(_("supplier group"), max_length=60, blank=True, default="")
    first_seen_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("record")
        verbose_name_plural = _("records")
        constraints = [models.UniqueConstraint(fields=["connection", "object", "key"], name="record_key")]
        indexes = [
            models.Index(fields=["connection", "object", "company", "warehouse"], name="record_scope"),
            models.Index(fields=["connection", "object", "salesperson"], name="record_salesperson"),
            models.Index(fields=["connection", "object", "warehouse"], name="record_warehouse"),
            models.Index(fields=["connection", "object", "department"], name="record_department"),
            models.Index(fields=["connection", "object", "region"], name="record_region"),
            models.Index(fields=["connection", "object", "supplier_group"], name="record_supplier_group"),
        ]

    def __str__(self) -> str:
        return f"{self.object} {self.key}"
