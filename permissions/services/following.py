"""Following an ERP's people: what is small and accepted happens by itself, the rest waits as a plan for a person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils.translation import gettext as _

from connectors.models import Record, RecordedObject
from kernel import clock, doorbell
from kernel.audit import audit_record
from kernel.doorbell import Due
from kernel.errors import Conflict
from kernel.live import live_publish_many
from kernel.work import due, work_claim, work_held
from permissions.models import DirectoryPlan, DirectorySync, Identity, IdentityState, PlanState, User
from permissions.services.directory import EMPLOYEE, Change, employees_of, plan_make

PEOPLE_QUEUE = "people"
LOOK_SECONDS = 5.0
"""How often it is asked whether an employee changed: a leaver is gone within this after the poll that saw it."""

WHOLE_SECONDS = 300.0
LARGE_LEAST, LARGE_SHARE = 5, 0.2
"""More changes than this many, and than this share of the employees, wait for a person."""


def people_due(now: dt.datetime) -> Due:
    return [DirectorySync.objects.filter(due(now)), _unfollowed()]


def _unfollowed() -> Any:
    return RecordedObject.objects.filter(
        object=EMPLOYEE, snapshot_at__isnull=False, connection__directory_sync__isnull=True
    )


def people_drain() -> int:
    now = clock.now()
    DirectorySync.objects.bulk_create(
        [DirectorySync(connection_id=each.connection_id, available_at=now) for each in _unfollowed()],
        ignore_conflicts=True,
    )
    claimed = work_claim(DirectorySync.objects.select_related("connection"), limit=10)
    for sync in claimed:
        directory_sync(sync)
    return len(claimed)


def sync_now(sync: DirectorySync) -> None:
    """Look at the whole directory at the next ring, whatever was seen before."""
    DirectorySync.objects.filter(pk=sync.pk).update(available_at=clock.now(), synced_at=None)
    doorbell.ring(PEOPLE_QUEUE)


def directory_sync(sync: DirectorySync) -> None:
    """One look. Safe to repeat: what is already so makes no change."""
    now = clock.now()
    with transaction.atomic():
        if not work_held(sync):
            return
        if _is_worth_it(sync, now):
            changes = [each for each in plan_make(sync.connection) if each["kind"] != "conflict"]
            blocks = [each for each in changes if each["kind"] == "block"]
            staff = sum(1 for each in employees_of(sync.connection_id) if each.active)
            if not _is_large(blocks, staff):
                changes_apply(None, sync, blocks)
                changes = [each for each in changes if each["kind"] != "block"]
            if changes and (sync.accepted_at is None or _is_large(changes, staff)):
                _hold(sync, changes)
            else:
                changes_apply(None, sync, changes)
                sync.plans.filter(state=PlanState.OPEN).delete()
            sync.synced_at = now
        sync.attempts = 0
        sync.lease_release(now + dt.timedelta(seconds=LOOK_SECONDS))
        sync.save()


def _is_worth_it(sync: DirectorySync, now: dt.datetime) -> bool:
    if sync.synced_at is None or sync.synced_at <= now - dt.timedelta(seconds=WHOLE_SECONDS):
        return True
    overlap = sync.synced_at - dt.timedelta(seconds=LOOK_SECONDS)
    employees = Record.objects.filter(connection_id=sync.connection_id, object=EMPLOYEE)
    return employees.filter(updated_at__gte=overlap).exists()


def _is_large(changes: Sequence[Change], staff: int) -> bool:
    return len(changes) > max(LARGE_LEAST, LARGE_SHARE * staff)


def _hold(sync: DirectorySync, changes: Sequence[Change]) -> None:
    aside = sync.plans.filter(state=PlanState.DISMISSED).order_by("-pk").first()
    if aside is not None and [_mark(each) for each in aside.changes] == [_mark(each) for each in changes]:
        return
    DirectoryPlan.objects.update_or_create(
        sync=sync, state=PlanState.OPEN, defaults={"changes": list(changes)}
    )


def changes_apply(actor: Any, sync: DirectorySync, changes: Sequence[Change]) -> None:
    """Carry out changes of a plan, in its order. Call inside a transaction; what no longer applies is passed over."""
    moved: set[int] = set()
    for each in changes:
        person = _person(sync, each)
        if each["kind"] in ("link", "create"):
            person = _link(sync, each, person)
        if person is None:
            continue
        moved.add(person.pk)
        if each["kind"] == "join":
            person.groups.add(Group.objects.get(name=each["role"]))
        elif each["kind"] == "part":
            person.groups.remove(*Group.objects.filter(name=each["role"]))
        elif each["kind"] == "block":
            User.objects.filter(pk=person.pk).update(is_active=False)
        audit_record(actor, f"person.{each['kind']}", person, each["role"], account=each["account"])
    access_changed(moved)


def _person(sync: DirectorySync, change: Change) -> User | None:
    if change["person"] is not None:
        return User.objects.filter(pk=change["person"]).first()
    linked = Identity.objects.filter(connection_id=sync.connection_id, external_id=change["account"])
    identity = linked.filter(state=IdentityState.ACTIVE).select_related("user").first()
    return identity.user if identity is not None and isinstance(identity.user, User) else None


def _link(sync: DirectorySync, change: Change, person: User | None) -> User | None:
    """None when the account has meanwhile become somebody's: re-linking is for a person to confirm."""
    account = Identity.objects.filter(connection_id=sync.connection_id, external_id=change["account"])
    if account.exclude(user=None).exists():
        return None
    if person is None:
        if User.objects.filter(username__iexact=change["account"]).exists():
            return None
        person = User(username=change["account"], last_name=change["name"][:150])
        person.set_unusable_password()
        person.save()
    values = {"user": person, "linked_by": "directory", "linked_at": clock.now()}
    if not account.update(**values):
        Identity.objects.create(connection_id=sync.connection_id, external_id=change["account"], **values)
    return person


def plan_decide(actor: User, plan_id: int, *, apply: bool) -> int:
    """Apply what the plan showed and is still so, or put it aside. Returns how many changes were made.

    Raises Conflict when somebody has decided it, or another one has taken its place.
    """
    with transaction.atomic():
        plan = (
            DirectoryPlan.objects.select_for_update(of=("self",), no_key=True)
            .select_related("sync__connection")
            .filter(pk=plan_id, state=PlanState.OPEN)
            .first()
        )
        if plan is None:
            raise Conflict(_("This plan is no longer open. Look at the newest one."))
        now = clock.now()
        shown = [_mark(each) for each in plan.changes]
        current = [each for each in plan_make(plan.sync.connection) if _mark(each) in shown] if apply else []
        if apply:
            changes_apply(actor, plan.sync, current)
            DirectorySync.objects.filter(pk=plan.sync_id, accepted_at=None).update(accepted_at=now)
        plan.state = PlanState.APPLIED if apply else PlanState.DISMISSED
        plan.decided_at, plan.decided_by = now, actor
        plan.save()
        audit_record(actor, f"directory.{plan.state}", plan.sync.connection, str(len(current)))
        return len(current)


def _mark(change: Change) -> tuple[Any, ...]:
    return tuple(change[name] for name in ("kind", "account", "person", "role"))


def access_changed(user_ids: Sequence[int] | set[int]) -> None:
    """Open pages of these people look again at once, or end."""
    live_publish_many([f"user-{pk}" for pk in sorted(user_ids)], type="access")
