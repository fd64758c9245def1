"""The ledger: every occurrence is a numbered row with, in the end, an outcome."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from connectors.models.connection import Connection
from kernel import clock
from kernel.work import WorkRow


class EventState(models.TextChoices):
    """`new` waits to be planned; the others are ends."""

    NEW = "new", _("Waiting")
    PLANNED = "planned", _("Planned")
    NEEDS_MAPPING = "needs_mapping", _("Needs mapping")
    SUPERSEDED = "superseded", _("Superseded")
    FAILED = "failed", _("Failed")


class Outcome(models.TextChoices):
    """What became of an event, once planned. MATCHED: its Runs tell the rest."""

    MATCHED = "matched", _("A rule fired")
    SUPPRESSED = "suppressed", _("Matched, but held back")
    NO_MATCH = "no_match", _("No condition was true")
    NO_RULE = "no_rule", _("No rule for it")


class Event(WorkRow):
    """One occurrence: a record was created, changed or went, or an inbound event arrived.

    `before`/`after` are canonical states; `raw` is what the source sent; `changed` the names of the fields that differ.
    `for_rule_id`: the only rule that is asked (a schedule's, say); None: all rules of the object. Such an event tells no new
    state of a record: `after` is what rules have seen of it.
    `cause_run_id` is the run whose write caused it, `causes` the whole chain (workflows/engine/causes.py), `depth` how long
    that is; 0: nobody's write is known to have caused it.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="events")
    object = models.CharField(_("object"), max_length=60, blank=True, default="")
    key = models.CharField(_("record"), max_length=200, blank=True, default="")
    change = models.CharField(_("change"), max_length=20)
    source = models.CharField(_("source"), max_length=20)
    source_event_id = models.CharField(_("source's id"), max_length=200, blank=True, default="")
    source_version = models.CharField(max_length=64, blank=True, default="")
    dedupe_key = models.CharField(max_length=200)
    after = models.JSONField(_("after"), null=True, blank=True)
    before = models.JSONField(_("before"), null=True, blank=True)
    changed = models.JSONField(_("changed fields"), default=list, blank=True)
    raw = models.JSONField(_("as received"), null=True, blank=True)
    mapping_version = models.PositiveIntegerField(default=0)
    occurred_at = models.DateTimeField(_("happened"), null=True, blank=True)
    detected_at = models.DateTimeField(_("detected"), default=clock.now)
    planned_at = models.DateTimeField(_("evaluated"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=20, choices=EventState.choices, default=EventState.NEW)
    outcome = models.CharField(_("outcome"), max_length=20, choices=Outcome.choices, blank=True, default="")
    reason = models.TextField(_("reason"), blank=True, default="")
    verdicts = models.JSONField(_("verdicts"), default=list, blank=True)
    trimmed_at = models.DateTimeField(_("payload removed"), null=True, blank=True, editable=False)
    for_rule_id = models.BigIntegerField(null=True, blank=True, editable=False)
    cause_run_id = models.BigIntegerField(null=True, blank=True)
    depth = models.PositiveSmallIntegerField(default=0)
    causes = models.JSONField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["connection", "dedupe_key"], name="event_dedupe")]
        indexes = [
            models.Index(fields=["id"], name="event_new", condition=models.Q(state="new")),
            models.Index(fields=["connection", "object", "key", "id"], name="event_record"),
            models.Index(fields=["detected_at"], name="event_detected"),
            models.Index(fields=["connection", "-id"], name="event_latest"),
            models.Index(
                fields=["state", "outcome", "connection"],
                name="event_ended",
                condition=~models.Q(state="new"),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.object} {self.key} {self.change}"
