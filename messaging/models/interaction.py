"""Questions, answers, and what was sent to whom."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from connectors.models import Connection, Record
from kernel import clock
from kernel.work import WorkRow


class InteractionState(models.TextChoices):
    OPEN = "open", _("Open")
    WORKING = "working", _("Working")
    DECIDED = "decided", _("Decided")
    FAILED = "failed", _("Failed")
    EXPIRED = "expired", _("Expired")
    CANCELLED = "cancelled", _("Cancelled")


OPEN_STATES = (InteractionState.OPEN, InteractionState.WORKING)


class Interaction(WorkRow):
    """A question and its decision. Closed once, by compare-and-set on (state, round).

    `card` is the language-free content (see messaging/card.py); `version` counts what people are shown, `shown` keeps per
    version the material values that were on the card, so that an answer is bound to what the person saw.
    `round` grows when an accepted answer could not be carried out and the question is asked again.
    `available_at` is the time it expires or needs attention. `handler` names who acts on the decision (bound at
    start-up), `handler_ref` what for.
    """

    waits_by_calendar = True

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    record = models.ForeignKey(
        Record, null=True, blank=True, on_delete=models.SET_NULL, related_name="interactions"
    )
    event_id = models.BigIntegerField(null=True, blank=True)
    source_event_id = models.CharField(max_length=200, blank=True, default="")
    card = models.JSONField(_("card"), default=dict)
    version = models.PositiveIntegerField(_("version"), default=1)
    shown = models.JSONField(default=dict)
    policy = models.CharField(_("decision policy"), max_length=20, default="first")
    state = models.CharField(
        _("state"),
        max_length=12,
        choices=InteractionState.choices,
        default=InteractionState.OPEN,
        db_index=True,
    )
    state_text = models.JSONField(_("what happened"), default=dict, blank=True)
    round = models.PositiveIntegerField(default=1)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decision = models.JSONField(_("decision"), default=dict, blank=True)
    handler = models.CharField(max_length=60, blank=True, default="")
    handler_ref = models.CharField(max_length=60, blank=True, default="")
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)

    class Meta:
        verbose_name = _("interaction")
        verbose_name_plural = _("interactions")
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["available_at"],
                name="interaction_due",
                condition=models.Q(available_at__isnull=False),
            ),
            models.Index(fields=["handler", "handler_ref"], name="interaction_handler"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.get_state_display()}"


class Answer(models.Model):
    """What one person answered in one round to one version. Refused answers stay, with the reason."""

    interaction = models.ForeignKey(Interaction, on_delete=models.CASCADE, related_name="answers")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    round = models.PositiveIntegerField()
    version = models.PositiveIntegerField()
    button = models.CharField(_("button"), max_length=60)
    inputs = models.JSONField(_("inputs"), default=dict, blank=True)
    channel = models.CharField(_("channel"), max_length=60)
    accepted = models.BooleanField(_("accepted"), default=False)
    reason = models.TextField(_("reason"), blank=True, default="")
    answered_at = models.DateTimeField(_("answered at"), default=clock.now)

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        constraints = [
            models.UniqueConstraint(
                fields=["interaction", "round"],
                condition=models.Q(accepted=True),
                name="answer_accepted_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.button}"


class DeliveryState(models.TextChoices):
    READY = "ready", _("Waiting to be sent")
    SENT = "sent", _("Sent")
    DELIVERED = "delivered", _("Delivered")
    UNCONFIRMED = "unconfirmed", _("Sent, unconfirmed")
    REFUSED = "refused", _("Held back by permissions")
    FAILED = "failed", _("Failed")
    THROUGH = "through", _("Carried by another message")


NOT_SENT_STATES = (DeliveryState.REFUSED, DeliveryState.FAILED, DeliveryState.THROUGH)
"""Nobody has a message of such a delivery: a new version of the card is nothing to it."""


class Hold(models.TextChoices):
    """Why a message that could be sent is not sent yet."""

    RATE = "rate", _("Waiting for a free place")
    CLOSED = "closed", _("The messenger asked to wait")
    QUIET = "quiet", _("Quiet hours")
    BUDGET = "budget", _("Interruption budget")
    QUOTA = "quota", _("Monthly quota used up")


PRIORITY_LANE = 2
"""Deliveries of this priority or a smaller number overtake the others."""


DIGEST = "messaging.digest"
"""The handler of interactions that only list others."""


class Delivery(WorkRow):
    """One message to one person through one connection, and its later updates.

    `version` is the interaction version the receiver has; `wanted_version` the one it should have: while they differ
    the row is due. `seen_version` is the newest version this person was shown. `proof` is the gate's decision.
    `hold` says why it waits, as long as it is ready and not due; `held_until` when it last was to wait until: trying to
    send it only counts from then. `through` is the delivery that carries it instead, in the state THROUGH; `post` the
    message to a group chat that does: then it counts only while the person is in that chat.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    interaction = models.ForeignKey(Interaction, on_delete=models.CASCADE, related_name="deliveries")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="deliveries")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="deliveries")
    address = models.CharField(_("address"), max_length=200)
    state = models.CharField(
        _("state"), max_length=12, choices=DeliveryState.choices, default=DeliveryState.READY, db_index=True
    )
    reason = models.TextField(_("reason"), blank=True, default="")
    priority = models.PositiveSmallIntegerField(default=5)
    hold = models.CharField(max_length=10, choices=Hold.choices, blank=True, default="", db_default="")
    held_until = models.DateTimeField(null=True)
    through = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="carried")
    post = models.ForeignKey(
        "messaging.GroupPost", null=True, on_delete=models.SET_NULL, related_name="deliveries"
    )
    version = models.PositiveIntegerField(default=0)
    wanted_version = models.PositiveIntegerField(default=1)
    seen_version = models.PositiveIntegerField(default=0)
    vendor_message_id = models.CharField(max_length=200, blank=True, default="")
    proof = models.JSONField(_("permission proof"), default=dict, blank=True)
    purpose = models.CharField(_("purpose"), max_length=20, default="recipient")
    created_at = models.DateTimeField(default=clock.now)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    seen_at = models.DateTimeField(_("seen"), null=True, blank=True)
    discarded_at = models.DateTimeField(_("discarded"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["interaction", "connection", "user"], name="delivery_once"),
            models.UniqueConstraint(
                fields=["user", "connection"],
                condition=models.Q(purpose="digest", state="ready"),
                name="delivery_digest_open",
            ),
        ]
        indexes = [
            models.Index(
                fields=["priority", "available_at"],
                name="delivery_due",
                condition=models.Q(available_at__isnull=False),
            ),
            models.Index(fields=["user", "-id"], name="delivery_user"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} → {self.address} ({self.get_state_display()})"

    @property
    def in_lane(self) -> bool:
        return self.priority <= PRIORITY_LANE


class ReplyState(models.TextChoices):
    NEW = "new", _("Received")
    DONE = "done", _("Handled")
    REFUSED = "refused", _("Refused")
    FAILED = "failed", _("Failed")


class Reply(WorkRow):
    """What arrived from a person through a messenger: stored first, then worked. Unique per vendor event."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="replies")
    vendor_event_id = models.CharField(max_length=200)
    address = models.CharField(_("address"), max_length=200)
    content = models.JSONField(_("content"), default=dict)
    state = models.CharField(_("state"), max_length=10, choices=ReplyState.choices, default=ReplyState.NEW)
    result = models.JSONField(_("result"), default=dict, blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    interaction = models.ForeignKey(Interaction, null=True, on_delete=models.SET_NULL, related_name="replies")
    received_at = models.DateTimeField(_("received"), default=clock.now)
    handled_at = models.DateTimeField(_("handled"), null=True, blank=True)

    class Meta:
        verbose_name = _("reply")
        verbose_name_plural = _("replies")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["connection", "vendor_event_id"], name="reply_once")]
        indexes = [
            models.Index(
                fields=["available_at"], name="reply_due", condition=models.Q(available_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.address}"
