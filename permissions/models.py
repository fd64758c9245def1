"""People, their accounts elsewhere, and what they may see."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import AbstractUser, Group
from django.db import models
from django.utils.translation import gettext_lazy as _

from connectors.models import Connection
from kernel import clock
from kernel.work import WorkRow


class Verb(models.TextChoices):
    """SEE includes TOLD: who may look a record up may be sent it. TOLD alone opens what was sent, no list and no page."""

    SEE = "see", _("See")
    TOLD = "told", _("Be told")
    ANSWER = "answer", _("Answer")
    APPROVE = "approve", _("Approve")
    EXPORT = "export", _("Export")


class User(AbstractUser):
    """A person who can sign in to Baton. Language and time zone decide how messages read."""

    language = models.CharField(
        _("language"), max_length=10, choices=[("en", "English"), ("zh-hans", "简体中文")], default="zh-hans"
    )
    time_zone = models.CharField(_("time zone"), max_length=60, default="Asia/Shanghai")
    is_demo = models.BooleanField(default=False, editable=False)

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.username


class IdentityState(models.TextChoices):
    ACTIVE = "active", _("Active")
    BLOCKED = "blocked", _("Blocked")


class Identity(models.Model):
    """An account elsewhere ↔ a user here. `external_id` is the ERP login or the messenger's address."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="identities")
    external_id = models.CharField(_("account"), max_length=200)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="identities",
    )
    state = models.CharField(
        _("state"), max_length=10, choices=IdentityState.choices, default=IdentityState.ACTIVE
    )
    linked_by = models.CharField(_("linked by"), max_length=40, blank=True, default="")
    linked_at = models.DateTimeField(_("linked at"), default=clock.now)

    class Meta:
        verbose_name = _("identity")
        verbose_name_plural = _("identities")
        constraints = [models.UniqueConstraint(fields=["connection", "external_id"], name="identity_account")]

    def __str__(self) -> str:
        return f"{self.external_id}@{self.connection_id}"


class Grant(models.Model):
    """One bundle: who × objects × verbs × a value set per dimension × field classes × from/until.

    A record, and each field of it, is visible when ONE grant covers all its dimensions; parts of different grants
    never mix. `scopes` maps a dimension to a list of values, `["*"]` for all; a dimension that is absent is not covered.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="grants",
    )
    group = models.ForeignKey(
        Group, verbose_name=_("role"), null=True, blank=True, on_delete=models.CASCADE, related_name="grants"
    )
    objects_covered = models.JSONField(
        _("objects"), default=list, help_text=_("Dictionary objects, or * for all.")
    )
    verbs = models.JSONField(_("verbs"), default=list)
    scopes = models.JSONField(_("scopes"), default=dict, blank=True)
    field_classes = models.JSONField(_("field classes"), default=list, blank=True)
    valid_from = models.DateTimeField(_("from"), default=clock.now)
    valid_until = models.DateTimeField(_("until"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True, default="")
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        verbose_name = _("grant")
        verbose_name_plural = _("grants")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(user__isnull=False) ^ models.Q(group__isnull=False),
                name="grant_one_holder",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user or self.group}: {', '.join(self.verbs)} {', '.join(self.objects_covered)}"


class BreakGlass(models.Model):
    """Data opened in an emergency: for one person, with a reason and an end, told to the data owners at once.

    `grant` is what opens it; its own end is what the gate asks, so that it ends by itself.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        on_delete=models.CASCADE,
        related_name="emergencies",
    )
    grant = models.OneToOneField(Grant, null=True, on_delete=models.SET_NULL, related_name="emergency")
    objects_covered = models.JSONField(_("objects"), default=list)
    field_classes = models.JSONField(_("field classes"), default=list)
    reason = models.TextField(_("reason"))
    opened_at = models.DateTimeField(_("opened"), default=clock.now)
    until = models.DateTimeField(_("until"))
    ended_at = models.DateTimeField(_("ended early"), null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("ended by"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    class Meta:
        verbose_name = _("emergency access")
        verbose_name_plural = _("emergency access")
        indexes = [models.Index(fields=["user", "-id"], name="break_glass_user")]
        permissions = [("use_breakglass", _("Can open data in an emergency"))]

    def __str__(self) -> str:
        return f"{self.user}: {', '.join(self.objects_covered)}"


class Signature(models.Model):
    """A data owner's word: these people may be told fields of this class of this object through this messenger.

    Held by a person or a role, as grants are. `object` is `*` for all; `field_class` is `general` for what has no class
    of its own, `*` for all; without a `channel` it holds for every messenger. It opens nothing that no grant opens.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="signatures",
    )
    group = models.ForeignKey(
        Group,
        verbose_name=_("role"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="signatures",
    )
    object = models.CharField(_("object"), max_length=60)
    field_class = models.CharField(_("field class"), max_length=20)
    channel = models.ForeignKey(
        Connection,
        verbose_name=_("messenger"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="signatures",
    )
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("signed by"), on_delete=models.PROTECT, related_name="+"
    )
    signed_at = models.DateTimeField(_("signed"), default=clock.now)
    ended_at = models.DateTimeField(_("withdrawn"), null=True)

    class Meta:
        verbose_name = _("signature")
        verbose_name_plural = _("signatures")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(user__isnull=False) ^ models.Q(group__isnull=False),
                name="signature_one_holder",
            )
        ]
        indexes = [
            models.Index(
                fields=["object"], name="signature_in_force", condition=models.Q(ended_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.user or self.group}: {self.object} {self.field_class}"


class RoleMapping(models.Model):
    """An ERP role ↔ a role (group) here."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="role_mappings")
    external_role = models.CharField(_("ERP role"), max_length=120)
    group = models.ForeignKey(Group, verbose_name=_("role"), on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("role mapping")
        verbose_name_plural = _("role mappings")
        constraints = [
            models.UniqueConstraint(fields=["connection", "external_role"], name="role_mapping_external")
        ]

    def __str__(self) -> str:
        return f"{self.external_role} → {self.group}"


class DirectorySync(WorkRow):
    """The people and roles of one ERP, followed by Baton: a timer per connection.

    Until `accepted_at` (a person applied the first plan) nothing is given or taken by itself, but for leavers.
    """

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="directory_sync")
    accepted_at = models.DateTimeField(_("followed since"), null=True, blank=True)
    synced_at = models.DateTimeField(_("last synchronised"), null=True, blank=True)

    class Meta:
        verbose_name = _("people of an ERP")
        verbose_name_plural = _("people of the ERPs")
        indexes = [
            models.Index(
                fields=["available_at"], name="directory_due", condition=models.Q(available_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return str(self.connection)


class PlanState(models.TextChoices):
    OPEN = "open", _("Waits for a person")
    APPLIED = "applied", _("Applied")
    DISMISSED = "dismissed", _("Dismissed")


class DirectoryPlan(models.Model):
    """A dry run that waits for a person: who would gain and lose what. `changes` are those of services/directory.py."""

    sync = models.ForeignKey(DirectorySync, on_delete=models.CASCADE, related_name="plans")
    changes = models.JSONField(_("changes"), default=list)
    state = models.CharField(_("state"), max_length=10, choices=PlanState.choices, default=PlanState.OPEN)
    made_at = models.DateTimeField(_("made at"), default=clock.now)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("decided by"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    class Meta:
        verbose_name = _("plan")
        verbose_name_plural = _("plans")
        constraints = [
            models.UniqueConstraint(
                fields=["sync"], condition=models.Q(state="open"), name="directory_plan_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.sync}: {len(self.changes)}"


class LinkCode(models.Model):
    """A one-time code by which a person proves that a messenger account is theirs. Only its keyed digest is stored."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("linking code")
        verbose_name_plural = _("linking codes")
        indexes = [models.Index(fields=["user", "created_at"], name="link_code_user")]

    def __str__(self) -> str:
        return f"{self.user_id} → {self.connection_id}"
