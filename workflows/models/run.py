"""Runs, their steps and every attempt at them."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from connectors.models import Event, Record
from kernel import clock
from kernel.work import WorkRow
from messaging.models import Interaction
from workflows.models.rule import Rule, RuleVersion


class RunState(models.TextChoices):
    RUNNING = "running", _("Running")
    WAITING = "waiting", _("Waiting for an answer")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class Run(models.Model):
    """One rule × one event. `trace` is what each condition saw, written when the rule fired.

    `stops` is the rule's count of stops when it fired (None: written by a Baton that did not count them). `launch` is the
    step the rule was launched to when it fired: `shadow` or `pilot`; empty where everybody is told.
    """

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="runs")
    version = models.ForeignKey(RuleVersion, on_delete=models.PROTECT, related_name="runs")
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="runs")
    record = models.ForeignKey(Record, null=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(_("state"), max_length=10, choices=RunState.choices, default=RunState.RUNNING)
    outcome = models.CharField(_("outcome"), max_length=40, blank=True, default="")
    reason = models.TextField(_("reason"), blank=True, default="")
    trace = models.JSONField(default=dict)
    stops = models.PositiveIntegerField(null=True, blank=True, editable=False)
    launch = models.CharField(max_length=10, blank=True, default="", db_default="", editable=False)
    started_at = models.DateTimeField(_("started"), default=clock.now)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["rule", "event"], name="run_once")]
        indexes = [
            models.Index(fields=["rule", "-id"], name="run_rule"),
            models.Index(
                fields=["id"], name="run_active", condition=models.Q(state__in=["running", "waiting"])
            ),
            models.Index(fields=["event", "state", "outcome", "id"], name="run_ledger"),
            models.Index(fields=["ended_at"], name="run_failed", condition=models.Q(state="failed")),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.rule_id}"


class StepState(models.TextChoices):
    READY = "ready", _("Ready")
    WAITING = "waiting", _("Waiting")
    DONE = "done", _("Done")
    REFUSED = "refused", _("Refused")
    DEAD = "dead", _("Dead letter")
    SKIPPED = "skipped", _("Skipped")


class Step(WorkRow):
    """One action of a run. `path` addresses it in the definition: `/steps/0`, `/steps/0/buttons/create_po/then/0`.

    `idempotency_key` goes to the outside world with every attempt. `person` is who answered, for a write-back.
    `sent_at` is committed before the first byte of a write leaves: a step with it set is looked up before any repeat.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="steps")
    path = models.CharField(_("path"), max_length=200)
    action = models.CharField(_("action"), max_length=40)
    state = models.CharField(_("state"), max_length=10, choices=StepState.choices, default=StepState.READY)
    input = models.JSONField(_("input"), default=dict, blank=True)
    output = models.JSONField(_("output"), default=dict, blank=True)
    idempotency_key = models.UUIDField(default=uuid.uuid4, editable=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    interaction = models.ForeignKey(
        Interaction, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    reason = models.TextField(_("reason"), blank=True, default="")
    created_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    round = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        ordering = ["run", "id"]
        constraints = [models.UniqueConstraint(fields=["run", "path", "round"], name="step_once")]
        indexes = [
            models.Index(
                fields=["available_at"], name="step_due", condition=models.Q(available_at__isnull=False)
            ),
            models.Index(fields=["state"], name="step_dead", condition=models.Q(state="dead")),
            models.Index(fields=["run"], name="step_answered", condition=models.Q(person__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}{self.path} {self.action}"


class Attempt(models.Model):
    """One try at a step: when, what came of it, in words."""

    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="tries")
    number = models.PositiveIntegerField(_("number"))
    started_at = models.DateTimeField(_("started"), default=clock.now)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=30, blank=True, default="")
    message = models.TextField(_("message"), blank=True, default="")
    detail = models.JSONField(_("detail"), default=dict, blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ["step", "number"]

    def __str__(self) -> str:
        return f"{self.step_id}.{self.number} {self.outcome}"
