"""Addresses rules may call: an administrator names the host and holds its secrets, a rule only names the address."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from connectors.models import Connection
from kernel.secrets import EncryptedJSONField


class HttpAddress(models.Model):
    """Rules of `connection` may call what lies under `base_url`, and nothing else. `secrets` are headers, name → value.

    `repeats_safely`: the other side recognises a repeated request by its Idempotency-Key header, so that one whose answer was
    lost may be sent again.
    """

    slug = models.SlugField(
        _("short name"),
        max_length=60,
        unique=True,
        validators=[RegexValidator(r"^[a-z0-9-]+$", _("Small letters, digits and hyphens only."))],
    )
    name = models.CharField(_("name"), max_length=120)
    connection = models.ForeignKey(
        Connection,
        verbose_name=_("for rules on"),
        on_delete=models.CASCADE,
        related_name="+",
        limit_choices_to={"kind": "erp"},
    )
    base_url = models.URLField(_("address"), max_length=500)
    secrets = EncryptedJSONField(_("secret headers"), blank=True, default="")
    timeout_seconds = models.PositiveIntegerField(
        _("waits for an answer (seconds)"),
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(30)],
    )
    repeats_safely = models.BooleanField(
        _("recognises a repeated request by its Idempotency-Key"), default=False
    )
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("address rules may call")
        verbose_name_plural = _("addresses rules may call")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
