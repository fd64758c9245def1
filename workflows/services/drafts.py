"""Making, editing and handing over rules. The permission check is in here, for admin, API and commands alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from connectors.models import Connection
from kernel import clock
from kernel.audit import audit_record
from kernel.errors import ConfigError, Conflict, PermissionDenied
from kernel.text import Localized, localized
from permissions.models import User
from permissions.objects import may_any, may_object, object_share, object_unshare
from workflows.models import Rule, RuleTag
from workflows.services.checking import owner_problems

RIGHTS = ("view", "change", "publish")
MOST_TAGS = 20


class DraftStale(Conflict):
    """Somebody else has saved this draft meanwhile; `rule` is as it is stored now."""

    def __init__(self, rule: Rule) -> None:
        super().__init__(
            _("%(person)s has changed this draft meanwhile. Look at it before you save yours.")
            % {"person": rule.edited_by.display_name if isinstance(rule.edited_by, User) else _("Somebody")}
        )
        self.rule = rule


def rule_create(
    actor: User,
    *,
    connection: Connection,
    draft: Mapping[str, Any],
    key: str = "",
    name: Mapping[str, str] | None = None,
) -> Rule:
    """Without `key` and `name` they are made up. Raises PermissionDenied without the right to make rules, or to use
    this connection.
    """
    if not may_any(actor, "add", Rule) or not may_object(actor, "use", connection):
        raise PermissionDenied(_("You may not make rules on this connection."))
    named = dict(name or localized(gettext_noop("New rule")).as_json())
    with transaction.atomic():
        rule = Rule.objects.create(
            key=key or _key_free(named),
            name=named,
            connection=connection,
            draft=dict(draft),
            owner=actor,
            edited_by=actor,
            edited_at=clock.now(),
        )
        object_share(actor, actor, rule, *RIGHTS)
        audit_record(actor, "rule.created", rule, rule.key)
    return rule


def _key_free(name: Mapping[str, str]) -> str:
    wanted = slugify(Localized.from_json(name).en)[:60] or "rule"
    taken = set(Rule.objects.filter(key__startswith=wanted).values_list("key", flat=True))
    number = 1
    while (key := wanted if number == 1 else f"{wanted}-{number}") in taken:
        number += 1
    return key


def rule_edit(
    actor: User,
    rule: Rule,
    *,
    name: Mapping[str, str] | None = None,
    draft: Mapping[str, Any] | None = None,
    tags: Sequence[str] | None = None,
    draft_number: int | None = None,
) -> Rule:
    """Change the draft; what is published stays in force.

    `draft_number` is the number of the draft the change was made on: raises DraftStale when it is no longer that one.
    """
    if not may_object(actor, "change", rule):
        raise PermissionDenied(_("You may not change this rule."))
    with transaction.atomic():
        locked = Rule.objects.select_for_update(of=("self",), no_key=True).get(pk=rule.pk)
        if draft_number is not None and draft_number != locked.draft_number:
            raise DraftStale(locked)
        if name is not None:
            locked.name = dict(name)
        if draft is not None:
            locked.draft = dict(draft)
        if tags is not None:
            _tags_set(locked, tags)
        locked.draft_number += 1
        locked.edited_by = actor
        locked.edited_at = locked.updated_at = clock.now()
        locked.save()
        audit_record(actor, "rule.edited", locked, locked.key)
    rule.refresh_from_db()
    return rule


def _tags_set(rule: Rule, names: Sequence[str]) -> None:
    wanted = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    if len(wanted) > MOST_TAGS:
        raise ConfigError(_("A rule has at most %(most)d tags.") % {"most": MOST_TAGS})
    RuleTag.objects.filter(rule=rule).exclude(name__in=wanted).delete()
    RuleTag.objects.bulk_create([RuleTag(rule=rule, name=name) for name in wanted], ignore_conflicts=True)


def rule_duplicate(actor: User, rule: Rule, *, key: str = "", name: Mapping[str, str] | None = None) -> Rule:
    """A new draft with the same definition, owned by whoever asked. Raises PermissionDenied as rule_create does."""
    title = Localized.from_json(rule.name)
    copied = localized(gettext_noop("Copy of %(name)s"), name=title).as_json()
    made = rule_create(actor, connection=rule.connection, draft=rule.draft, key=key, name=name or copied)
    RuleTag.objects.bulk_create([RuleTag(rule=made, name=each.name) for each in rule.tags.all()])
    return made


def rule_hand_over(actor: User, rule: Rule, owner: User) -> None:
    """Give the rule to somebody else, who must be able to see what it uses. The former owner may still look at it.

    Raises PermissionDenied, and ConfigError when the new owner may not see what the rule uses.
    """
    if not may_object(actor, "publish", rule):
        raise PermissionDenied(_("You may not hand this rule over."))
    if not owner.is_active or not may_object(owner, "use", rule.connection):
        raise ConfigError(
            _("%(person)s may not build rules on “%(connection)s”.")
            % {"person": owner.display_name, "connection": rule.connection.name}
        )
    used = [rule.draft, *([rule.current.definition] if rule.current else [])]
    problems = [each for raw in used for each in owner_problems(rule.connection, raw, owner)]
    if problems:
        raise ConfigError(" ".join(dict.fromkeys(each.message for each in problems)))
    with transaction.atomic():
        locked = Rule.objects.select_for_update(of=("self",), no_key=True).get(pk=rule.pk)
        former = locked.owner
        locked.owner, locked.updated_at = owner, clock.now()
        locked.save()
        object_share(actor, owner, locked, *RIGHTS)
        if isinstance(former, User) and former.pk != owner.pk:
            object_unshare(actor, former, locked, "change", "publish")
        audit_record(actor, "rule.handed_over", locked, owner.username)
    rule.refresh_from_db()
