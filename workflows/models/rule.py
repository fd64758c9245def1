"""A rule and its versions. The definition's shape is described in workflows/definition.py."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from connectors.models import Connection
from kernel import clock
from kernel.errors import Conflict


class RuleState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    LIVE = "live", _("Live")
    OFF = "off", _("Switched off")
    LOOP = "loop", _("Stopped: loop")
    FLOOD = "flood", _("Stopped: more often than forecast")


class Rule(models.Model):
    """What an analyst works on. `draft` is the definition being edited; `current` the published version in force.

    `draft_number` grows with every save, so that two people who edit the same draft are told; `edited_by` saved it last.
    `connection`, `object` and `state` are what the plan asks for; they are copied from the version when it is published.
    `stops` counts how often the rule was stopped: a run that began before the last stop is not carried on, also when the
    rule is in force again. `state_reason` tells in both languages why Baton itself stopped it.
    """

    key = models.SlugField(_("key"), max_length=80, unique=True)
    name = models.JSONField(_("name"), default=dict)
    draft = models.JSONField(_("draft"), default=dict, blank=True)
    draft_number = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("edited by"),
        null=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    edited_at = models.DateTimeField(_("edited at"), null=True, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=RuleState.choices, default=RuleState.DRAFT)
    state_reason = models.TextField(_("reason"), blank=True, default="", db_default="", editable=False)
    stops = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    connection = models.ForeignKey(
        Connection, verbose_name=_("connection"), on_delete=models.PROTECT, related_name="rules"
    )
    object = models.CharField(_("object"), max_length=60, blank=True, default="")
    current = models.ForeignKey(
        "workflows.RuleVersion", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("owner"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(_("changed at"), default=clock.now, editable=False)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("rule")
        verbose_name_plural = _("rules")
        ordering = ["key"]
        indexes = [
            models.Index(fields=["connection", "object"], name="rule_live", condition=models.Q(state="live")),
        ]
        permissions = [("publish_rule", _("Can publish and switch off rules"))]

    def __str__(self) -> str:
        from kernel.text import Localized

        return str(Localized.from_json(self.name)) or self.key


class RuleTag(models.Model):
    """A word people find rules by."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(_("name"), max_length=40)

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["rule", "name"], name="rule_tag_once")]
        indexes = [models.Index(fields=["name"], name="rule_tag_name")]

    def __str__(self) -> str:
        return self.name


class RuleVersion(models.Model):
    """A published definition. Never changed afterwards."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(_("number"))
    definition = models.JSONField(_("definition"))
    published_at = models.DateTimeField(_("published at"), default=clock.now)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("published by"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    note = models.CharField(_("note"), max_length=200, blank=True, default="")

    class Meta:
        verbose_name = _("rule version")
        verbose_name_plural = _("rule versions")
        ordering = ["rule", "-number"]
        constraints = [models.UniqueConstraint(fields=["rule", "number"], name="rule_version_number")]

    def __str__(self) -> str:
        return f"{self.rule} v{self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise Conflict("A published version cannot be changed. Publish a new one.")
        super().save(*args, **kwargs)
