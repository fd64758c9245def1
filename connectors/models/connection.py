"""A configured account at a vendor, its mapping, and the fields it adds to the dictionary."""

from __future__ import annotations

from django.conf import settings as django_settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from connectors import catalog
from connectors.ports.manifest import Manifest
from kernel import clock
from kernel.secrets import EncryptedJSONField


class ConnectionState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    ACTIVE = "active", _("Active")
    PAUSED = "paused", _("Paused")
    AUTH_FAILED = "auth_failed", _("Credential refused")


class Connection(models.Model):
    """`connector` is a catalog key. `settings` are the manifest's plain settings, `credentials` its secret ones.

    Payloads of events are removed after `retention_days`; up to the event `trimmed_to` that is done.
    `failures` and `retry_at` are the circuit breaker: until `retry_at` nobody calls the vendor.
    `limits`: numbers an administrator set, by the key of a manifest's rate or quota; see connectors/services/limits.py.
    """

    name = models.CharField(_("name"), max_length=120, unique=True)
    slug = models.SlugField(
        _("short name"),
        max_length=60,
        unique=True,
        validators=[RegexValidator(r"^[a-z0-9-]+$", _("Small letters, digits and hyphens only."))],
        help_text=_("Part of the address others send events to."),
    )
    connector = models.CharField(_("connector"), max_length=60)
    kind = models.CharField(_("kind"), max_length=10, editable=False)
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    credentials = EncryptedJSONField(_("credentials"), blank=True, default="")
    state = models.CharField(
        _("state"),
        max_length=20,
        choices=ConnectionState.choices,
        default=ConnectionState.DRAFT,
        db_index=True,
    )
    state_reason = models.TextField(_("reason"), blank=True, default="")
    account = models.CharField(_("account"), max_length=200, blank=True, default="")
    checked_at = models.DateTimeField(_("checked at"), null=True, blank=True)
    check_report = models.JSONField(_("last check"), default=dict, blank=True)
    poll_seconds = models.FloatField(_("poll every (seconds)"), default=15.0)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    retry_at = models.DateTimeField(_("next try"), null=True, blank=True)
    limits = models.JSONField(_("limits"), null=True, blank=True)
    retention_days = models.PositiveIntegerField(_("keep payloads (days)"), default=90, db_default=90)
    trimmed_to = models.BigIntegerField(default=0, db_default=0, editable=False)
    owner = models.ForeignKey(
        django_settings.AUTH_USER_MODEL,
        verbose_name=_("owner"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField(_("created at"), default=clock.now, editable=False)
    history = HistoricalRecords(
        excluded_fields=["credentials", "trimmed_to", "failures", "retry_at", "check_report", "checked_at"]
    )

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        ordering = ["name"]
        permissions = [
            ("use_connection", _("Can build rules on this connection")),
            ("operate_connection", _("Can check, pause and resume this connection")),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def manifest(self) -> Manifest:
        return catalog.manifest(self.connector)

    @property
    def is_usable(self) -> bool:
        return self.state == ConnectionState.ACTIVE


class ObjectMapping(models.Model):
    """How one dictionary object is read from (or arrives at) a connection. Versioned: a change is a new row.

    `channel`: `read` for poll/get, `hook` for items posted to /hooks/. `definition` is described in
    connectors/mapping.py.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="mappings")
    object = models.CharField(_("object"), max_length=60)
    channel = models.CharField(
        _("channel"), max_length=10, choices=[("read", _("Read")), ("hook", _("Inbound"))], default="read"
    )
    version = models.PositiveIntegerField(_("version"), default=1)
    active = models.BooleanField(_("active"), default=True)
    definition = models.JSONField(_("definition"), default=dict)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    created_by = models.ForeignKey(
        django_settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = _("mapping")
        verbose_name_plural = _("mappings")
        ordering = ["connection", "object", "channel", "-version"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "object", "channel", "version"], name="mapping_version"
            ),
            models.UniqueConstraint(
                fields=["connection", "object", "channel"],
                condition=models.Q(active=True),
                name="mapping_active",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.connection_id}:{self.object}:{self.channel} v{self.version}"


class ObjectExtension(models.Model):
    """Fields (`x_…`) a connection adds to a shipped object, or a whole object (`x_…`) of its own. Versioned."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="extensions")
    object = models.CharField(_("object"), max_length=60)
    version = models.PositiveIntegerField(_("version"), default=1)
    active = models.BooleanField(_("active"), default=True)
    definition = models.JSONField(_("definition"), default=dict)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        verbose_name = _("dictionary extension")
        verbose_name_plural = _("dictionary extensions")
        constraints = [
            models.UniqueConstraint(fields=["connection", "object", "version"], name="extension_version"),
            models.UniqueConstraint(
                fields=["connection", "object"], condition=models.Q(active=True), name="extension_active"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.connection_id}:{self.object} v{self.version}"
