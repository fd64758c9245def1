"""What the ERP's employees mean for the people here: a plan of changes, made without changing anything.

A change is {"kind", "account", "person", "name", "role", "why"}:
link    this account is that person's (`person`: user id)         create  a person for this account is made
join    the person gets a role here (`role`: its name)            part    the person loses it
block   the person left: switched off here                        conflict  nothing is done; a person has to look (`why`)
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_noop

from connectors.models import Connection, Record
from kernel.text import localized
from permissions.models import Identity, IdentityState, RoleMapping, User

EMPLOYEE = "employee"
SEPARATORS = re.compile(r"[,;|，；、]")
Change = dict[str, Any]


@dataclass(frozen=True)
class Employee:
    """As the ERP has it. Gone from there is not active."""

    account: str
    name: str
    email: str
    roles: frozenset[str]
    active: bool


def employees_of(connection_id: int) -> list[Employee]:
    """From the record store: nothing is asked of the ERP here."""
    rows = Record.objects.filter(connection_id=connection_id, object=EMPLOYEE).order_by("key")
    return [_employee(each.data, each.gone) for each in rows.only("data", "gone")]


def _employee(data: Mapping[str, Any], gone: bool) -> Employee:
    roles = (each.strip() for each in SEPARATORS.split(str(data.get("role") or "")))
    return Employee(
        account=str(data.get("login") or ""),
        name=str(data.get("name") or ""),
        email=str(data.get("email") or "").strip().lower(),
        roles=frozenset(each for each in roles if each),
        active=not gone and data.get("active") is not False,
    )


def plan_make(connection: Connection) -> list[Change]:
    """What would change if the ERP's word were followed now. Conflicts are named, never resolved by a guess."""
    return _Plan(connection).changes


def _change(kind: str, employee: Employee, person: User | None = None, **more: str) -> Change:
    name = person.display_name if person is not None else employee.name or employee.account
    return {
        "kind": kind,
        "account": employee.account,
        "person": person.pk if person is not None else None,
        "name": name,
        "role": more.get("role", ""),
        "why": "",
    }


class _Plan:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.changes: list[Change] = []
        self.employees = [each for each in employees_of(connection.pk) if each.account]
        identities = Identity.objects.filter(connection=connection).select_related("user")
        self.identities = {each.external_id: each for each in identities}
        self.people = {each.pk: each for each in User.objects.prefetch_related("groups")}
        self.by_email: dict[str, list[User]] = defaultdict(list)
        for person in self.people.values():
            if person.email and person.is_active:
                self.by_email[person.email.strip().lower()].append(person)
        self.taken = {each.username.lower() for each in self.people.values()}
        self.emails = Counter(each.email for each in self.employees if each.email and each.active)
        self.linked = {
            each.user_id: each.external_id for each in self.identities.values() if each.user_id is not None
        }
        mappings = RoleMapping.objects.select_related("group")
        self.managed = {each.group.name for each in mappings}
        self.roles: dict[int, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for each in mappings:
            self.roles[each.connection_id][each.external_role].add(each.group.name)
        self.elsewhere = self._roles_elsewhere()
        self._twice_linked()
        for employee in self.employees:
            self._employee(employee)

    def _roles_elsewhere(self) -> Mapping[int, set[str]]:
        """What other ERPs give each person: one of them taking a role back does not take theirs."""
        found: dict[int, set[str]] = defaultdict(set)
        for connection_id, roles in self.roles.items():
            if connection_id == self.connection.pk:
                continue
            accounts = dict(
                Identity.objects.filter(connection_id=connection_id, state=IdentityState.ACTIVE)
                .exclude(user=None)
                .values_list("external_id", "user_id")
            )
            for employee in employees_of(connection_id):
                user_id = accounts.get(employee.account)
                if user_id is not None and employee.active:
                    found[user_id] |= _named(roles, employee)
        return found

    def _twice_linked(self) -> None:
        accounts: dict[int, list[str]] = defaultdict(list)
        for each in self.identities.values():
            if each.user_id is not None and each.state == IdentityState.ACTIVE:
                accounts[each.user_id].append(each.external_id)
        for user_id, several in accounts.items():
            if len(several) > 1:
                employee = Employee(several[0], "", "", frozenset(), True)
                why = gettext_noop("Two accounts are linked to this person: %(accounts)s.")
                self._conflict(employee, why, self.people[user_id], accounts=", ".join(sorted(several)))

    def _conflict(self, employee: Employee, why: str, person: User | None = None, **values: str) -> None:
        words = localized(why, **values).as_json()
        self.changes.append({**_change("conflict", employee, person), "why": words})

    def _employee(self, employee: Employee) -> None:
        identity = self.identities.get(employee.account)
        if identity is not None and identity.state == IdentityState.BLOCKED:
            return
        person = self.people.get(identity.user_id or 0) if identity is not None else None
        if person is not None:
            self._known(employee, person)
        elif employee.active:
            self._unknown(employee)

    def _known(self, employee: Employee, person: User) -> None:
        if not employee.active:
            if person.is_active:
                self.changes.append(_change("block", employee, person))
        elif not person.is_active:
            why = gettext_noop("Works there, and is switched off here. If they are back, switch them on.")
            self._conflict(employee, why, person)
        else:
            self._roles(employee, person)

    def _unknown(self, employee: Employee) -> None:
        candidates = self.by_email.get(employee.email, []) if employee.email else []
        if employee.email and self.emails[employee.email] > 1:
            why = gettext_noop("Several employees have the e-mail %(email)s. Link them by hand.")
            self._conflict(employee, why, email=employee.email)
        elif len(candidates) > 1:
            why = gettext_noop("Several people here have the e-mail %(email)s. Link the right one by hand.")
            self._conflict(employee, why, email=employee.email)
        elif candidates and candidates[0].pk in self.linked:
            why = gettext_noop("%(name)s is already linked to the account %(account)s.")
            person = candidates[0]
            self._conflict(employee, why, person, name=person.display_name, account=self.linked[person.pk])
        elif candidates:
            self.changes.append(_change("link", employee, candidates[0]))
            self._roles(employee, candidates[0])
        elif employee.account.lower() in self.taken:
            why = gettext_noop(
                "A person here is called %(name)s too. Link them by hand if they are the same."
            )
            self._conflict(employee, why, name=employee.account)
        else:
            self.changes.append(_change("create", employee))
            self._roles(employee, None)

    def _roles(self, employee: Employee, person: User | None) -> None:
        wanted = _named(self.roles[self.connection.pk], employee)
        held = {each.name for each in person.groups.all()} if person is not None else set()
        kept = wanted | (self.elsewhere.get(person.pk, set()) if person is not None else set())
        for role in sorted(wanted - held):
            self.changes.append(_change("join", employee, person, role=role))
        for role in sorted((held & self.managed) - kept):
            self.changes.append(_change("part", employee, person, role=role))


def _named(roles: Mapping[str, Iterable[str]], employee: Employee) -> set[str]:
    return {group for role in employee.roles for group in roles.get(role, ())}
