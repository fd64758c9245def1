"""django-guardian, wrapped once: rights on the objects we own (rules, connections). Hundreds of rows, never one per ERP row."""

from __future__ import annotations

from typing import Any, TypeVar

from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q
from guardian.shortcuts import (
    assign_perm,
    get_groups_with_perms,
    get_objects_for_user,
    get_users_with_perms,
    remove_perm,
)

from kernel.audit import audit_record
from permissions.models import User

M = TypeVar("M", bound=models.Model)


def _codename(obj: type[models.Model] | models.Model, action: str) -> str:
    return f"{obj._meta.app_label}.{action}_{obj._meta.model_name}"


def may_object(user: Any, action: str, obj: models.Model) -> bool:
    """`action` is view, change, use, operate, publish …: held for all objects of the kind, or for this one."""
    if not getattr(user, "is_active", False):
        return False
    codename = _codename(obj, action)
    return bool(user.has_perm(codename) or user.has_perm(codename, obj))


def may_any(user: Any, action: str, model: type[models.Model]) -> bool:
    return bool(getattr(user, "is_active", False) and user.has_perm(_codename(model, action)))


def visible_objects(user: Any, queryset: models.QuerySet[M], action: str = "view") -> models.QuerySet[M]:
    """The rows of `queryset` this person holds `action` on."""
    if not getattr(user, "is_active", False):
        return queryset.none()
    if may_any(user, action, queryset.model):
        return queryset
    found: models.QuerySet[M] = get_objects_for_user(
        user,
        _codename(queryset.model, action),
        klass=queryset,
        accept_global_perms=False,
        with_superuser=False,
    )
    return found


def object_holders(action: str, obj: models.Model) -> list[User]:
    """The active people who hold `action` on this object: for all of its kind, for itself, or through a role."""
    codename = _codename(obj, action)
    everywhere = User.objects.with_perm(codename, backend="django.contrib.auth.backends.ModelBackend")
    here = get_users_with_perms(
        obj, only_with_perms_in=[codename.rpartition(".")[2]], with_superusers=False, with_group_users=True
    )
    found = User.objects.filter(is_active=True).filter(Q(pk__in=everywhere) | Q(pk__in=here))
    return list(found.order_by("username"))


def object_shares(obj: models.Model) -> list[tuple[User | Group, frozenset[str]]]:
    """Who holds rights on this one object, people first, with the actions. Rights on all of a kind are not listed."""
    ending = f"_{obj._meta.model_name}"
    people: Any = get_users_with_perms(obj, attach_perms=True, with_superusers=False, with_group_users=False)
    roles: Any = get_groups_with_perms(obj, attach_perms=True)
    found: list[tuple[User | Group, frozenset[str]]] = [
        (holder, frozenset(code.removesuffix(ending) for code in codes))
        for some in (people, roles)
        for holder, codes in some.items()
    ]
    return sorted(found, key=lambda each: (isinstance(each[0], Group), str(each[0])))


def object_share(actor: Any, holder: User | Group, obj: models.Model, *actions: str) -> None:
    for action in actions:
        assign_perm(f"{action}_{obj._meta.model_name}", holder, obj)
    audit_record(actor, "object.shared", obj, f"{holder}: {', '.join(actions)}")


def object_unshare(actor: Any, holder: User | Group, obj: models.Model, *actions: str) -> None:
    for action in actions:
        remove_perm(f"{action}_{obj._meta.model_name}", holder, obj)
    audit_record(actor, "object.unshared", obj, f"{holder}: {', '.join(actions)}")
