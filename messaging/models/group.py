"""Group chats of messengers: who is in them, and what was sent to all of them at once."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from connectors.models import Connection
from kernel import clock
from kernel.work import WorkRow
from messaging.models.interaction import PRIORITY_LANE, Interaction

FRESH_SECONDS = 300


class Otherwise(models.TextChoices):
    """What is done when not everybody in the chat may see everything."""

    SPLIT = "split", _("Tell those who may see it, each by themselves")
    MASK = "mask", _("Hide from all what one of them may not see")
    LINK = "link", _("Send a title without values, and the link")
    BLOCK = "block", _("Send nothing")


class GroupChat(WorkRow):
    """A group chat of a messenger connection, and who was in it when the messenger was last asked.

    Due while cards of it can be opened: the members are asked for again before `fresh_until`. After that nobody is known
    to be in it, and its cards open to nobody. `members_at` is when the messenger's own list was made.
    """

    connection = models.ForeignKey(
        Connection, verbose_name=_("connection"), on_delete=models.CASCADE, related_name="group_chats"
    )
    external_id = models.CharField(_("chat"), max_length=200)
    name = models.CharField(_("name"), max_length=200)
    language = models.CharField(
        _("language"), max_length=10, choices=[("en", "English"), ("zh-hans", "简体中文")], default="zh-hans"
    )
    time_zone = models.CharField(_("time zone"), max_length=60, default="Asia/Shanghai")
    otherwise = models.CharField(
        _("when not everybody may see everything"),
        max_length=10,
        choices=Otherwise.choices,
        default=Otherwise.SPLIT,
    )
    fresh_seconds = models.PositiveIntegerField(
        _("members count as known for (seconds)"),
        default=FRESH_SECONDS,
        help_text=_("Older than this, nobody is known to be in the chat and nothing is sent to it."),
    )
    members_at = models.DateTimeField(_("members asked for"), null=True, blank=True, editable=False)
    fresh_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("group chat")
        verbose_name_plural = _("group chats")
        ordering = ["connection_id", "name"]
        constraints = [models.UniqueConstraint(fields=["connection", "external_id"], name="group_chat_once")]
        indexes = [
            models.Index(
                fields=["available_at"], name="group_chat_due", condition=models.Q(available_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return self.name or self.external_id

    @property
    def ref(self) -> str:
        """How a rule names it."""
        return f"{self.connection.slug}:{self.external_id}"


class GroupMember(models.Model):
    """One account in a chat, and whose it is here. `is_external`: the messenger says it is not of this company."""

    group = models.ForeignKey(GroupChat, on_delete=models.CASCADE, related_name="members")
    address = models.CharField(_("address"), max_length=200)
    is_external = models.BooleanField(_("external"), default=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [models.UniqueConstraint(fields=["group", "address"], name="group_member_once")]

    def __str__(self) -> str:
        return self.address


class PostPlan(models.TextChoices):
    SEND = "send", _("Sent to all, as it is")
    MASK = "mask", _("Sent to all, with values hidden")
    SPLIT = "split", _("Told to single people instead")
    LINK = "link", _("Sent as a title and a link")
    BLOCK = "block", _("Nothing was sent")


class PostState(models.TextChoices):
    READY = "ready", _("Waiting to be sent")
    SENT = "sent", _("Sent")
    SPLIT = "split", _("Told to single people instead")
    BLOCKED = "blocked", _("Held back by permissions")
    FAILED = "failed", _("Failed")


class GroupPost(WorkRow):
    """One message to a group chat, and its later updates.

    Whoever of the members may know of it has a Delivery in the state THROUGH that names this post: it opens the card,
    as long as the person is in the chat. `plan` is what was decided of all members together, `proof` of each of them.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    interaction = models.ForeignKey(Interaction, on_delete=models.CASCADE, related_name="posts")
    group = models.ForeignKey(
        GroupChat, verbose_name=_("group chat"), on_delete=models.CASCADE, related_name="posts"
    )
    otherwise = models.CharField(max_length=10, choices=Otherwise.choices, default=Otherwise.SPLIT)
    purpose = models.CharField(_("purpose"), max_length=20, default="recipient")
    priority = models.PositiveSmallIntegerField(default=5)
    plan = models.CharField(
        _("what is done"), max_length=10, choices=PostPlan.choices, blank=True, default=""
    )
    proof = models.JSONField(_("permission proof"), default=dict, blank=True)
    state = models.CharField(
        _("state"), max_length=10, choices=PostState.choices, default=PostState.READY, db_index=True
    )
    reason = models.TextField(_("reason"), blank=True, default="")
    version = models.PositiveIntegerField(default=0)
    wanted_version = models.PositiveIntegerField(default=1)
    vendor_message_id = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(_("created at"), default=clock.now)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    class Meta:
        verbose_name = _("message to a group chat")
        verbose_name_plural = _("messages to group chats")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["interaction", "group"], name="group_post_once")]
        indexes = [
            models.Index(
                fields=["priority", "available_at"],
                name="group_post_due",
                condition=models.Q(available_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"#{self.pk} → {self.group_id} ({self.get_state_display()})"

    @property
    def connection(self) -> Connection:
        return self.group.connection

    @property
    def in_lane(self) -> bool:
        return self.priority <= PRIORITY_LANE
