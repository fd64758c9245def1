"""Sharing a rule or a connection with a person or a role, in steps people understand.

Nobody gives or takes what they do not hold themselves. What is shared is the object, never the values of records: those
pass the gate for each reader.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.models import Group
from django.db import models, transaction
from django.utils.translation import gettext as _

from kernel.errors import NotFound, PermissionDenied, Rejected
from permissions.models import User
from permissions.objects import may_object, object_share, object_shares, object_unshare
from permissions.services.following import access_changed

LEVELS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "rule": {"view": ("view",), "edit": ("view", "change"), "publish": ("view", "change", "publish")},
    "connection": {"view": ("view",), "use": ("view", "use"), "operate": ("view", "use", "operate")},
}
"""Per kind of object its levels, the lowest first, with the actions each one means."""


@dataclass(frozen=True)
class Share:
    """`level` is the highest that is held whole; empty for single rights that make none."""

    holder: User | Group
    level: str

    @property
    def is_role(self) -> bool:
        return isinstance(self.holder, Group)

    @property
    def name(self) -> str:
        """The user name, or the role's name."""
        return self.holder.name if isinstance(self.holder, Group) else self.holder.username

    @property
    def words(self) -> str:
        return self.holder.name if isinstance(self.holder, Group) else self.holder.display_name


def levels_of(obj: models.Model) -> dict[str, tuple[str, ...]]:
    return LEVELS[str(obj._meta.model_name)]


def shares_of(obj: models.Model) -> list[Share]:
    levels = levels_of(obj)
    found = []
    for holder, actions in object_shares(obj):
        held = [level for level, wanted in levels.items() if set(wanted) <= actions]
        found.append(Share(holder, held[-1] if held else ""))
    return found


def may_share(actor: Any, obj: models.Model) -> bool:
    """Who may change it may share it, up to what they hold."""
    return may_object(actor, "change", obj)


def _may_give(actor: Any, action: str, obj: models.Model) -> bool:
    """What one holds; and who may change a connection says who builds on it, without building on it themselves."""
    return may_object(actor, action, obj) or (action == "use" and may_share(actor, obj))


def levels_given(actor: Any, obj: models.Model) -> list[str]:
    """The levels this person may give."""
    if not may_share(actor, obj):
        return []
    return [
        level
        for level, actions in levels_of(obj).items()
        if all(_may_give(actor, action, obj) for action in actions)
    ]


def holder_find(*, person: str = "", role: str = "") -> User | Group:
    """By user name or by the role's name. Raises NotFound, and Rejected unless one of the two is given."""
    if bool(person) == bool(role):
        raise Rejected(_("Choose a person or a role: one of them, not both."))
    if role:
        group = Group.objects.filter(name=role).first()
        if group is None:
            raise NotFound(_("There is no role of this name."))
        return group
    found = User.objects.filter(username=person, is_active=True).first()
    if found is None:
        raise NotFound(_("There is nobody of this name."))
    return found


def share_set(actor: Any, obj: models.Model, holder: User | Group, level: str) -> None:
    """Give exactly `level`; an empty one takes everything back. Raises PermissionDenied and Rejected; safe to repeat."""
    levels = levels_of(obj)
    if level and level not in levels:
        raise Rejected(_("Levels are: %(levels)s.") % {"levels": ", ".join(levels)})
    if not may_share(actor, obj):
        raise PermissionDenied(_("You may not share this."))
    every = {action for actions in levels.values() for action in actions}
    wanted = set(levels.get(level, ()))
    with transaction.atomic():
        type(obj)._default_manager.select_for_update(of=("self",), no_key=True).get(pk=obj.pk)
        held = next((actions for each, actions in object_shares(obj) if each == holder), frozenset())
        given, taken = wanted - held, (held & every) - wanted
        if any(not _may_give(actor, action, obj) for action in given | taken):
            raise PermissionDenied(_("You can give or take only what you hold yourself."))
        if taken and isinstance(holder, User) and holder.pk == getattr(obj, "owner_id", None):
            raise Rejected(_("The owner keeps every right. Hand it over first."))
        if given:
            object_share(actor, holder, obj, *sorted(given))
        if taken:
            object_unshare(actor, holder, obj, *sorted(taken))
        if isinstance(holder, Group):
            access_changed(set(holder.user_set.values_list("pk", flat=True)))
        else:
            access_changed({holder.pk})
