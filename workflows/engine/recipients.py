"""From a recipient spec to people and addresses. Nobody is reached by chance, and silence is not an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_noop

from connectors.models import Connection, ConnectionState, Record
from kernel.text import Localized, localized
from messaging.services.interactions import Target
from permissions.identities import BUILT_IN, address_for, person_for_account
from permissions.models import User, Verb
from permissions.policies import Gates
from workflows.models import Rule


@dataclass(frozen=True)
class Audience:
    """Who is asked, and in words why others are not."""

    targets: list[Target] = field(default_factory=list)
    notes: list[Localized] = field(default_factory=list)


class People:
    """Who is who and who may see what, looked up once for a batch. Build one per operation, never keep it."""

    def __init__(self) -> None:
        self._accounts: dict[tuple[int, str], User | None] = {}
        self._specs: dict[tuple[str, str], list[User]] = {}
        self._channels: dict[tuple[str, ...], list[Connection]] = {}
        self._addresses: dict[tuple[int, int], str | None] = {}
        self.gates = Gates()

    def account(self, connection_id: int, account: str) -> User | None:
        key = (connection_id, account)
        if key not in self._accounts:
            self._accounts[key] = person_for_account(connection_id, account) if account else None
        return self._accounts[key]

    def named(self, kind: str, name: str) -> list[User]:
        """Active people by user name or by role."""
        if (kind, name) not in self._specs:
            active = User.objects.filter(is_active=True)
            found = active.filter(username=name) if kind == "user" else active.filter(groups__name=name)
            self._specs[kind, name] = list(found.order_by("pk"))
        return self._specs[kind, name]

    def channels(self, slugs: Sequence[str]) -> list[Connection]:
        key = tuple(slugs)
        if key not in self._channels:
            self._channels[key] = channels_find(slugs)
        return self._channels[key]

    def address(self, person: User, channel: Connection) -> str | None:
        key = (person.pk, channel.pk)
        if key not in self._addresses:
            self._addresses[key] = address_for(person, channel)
        return self._addresses[key]


def people_resolve(
    specs: Sequence[Mapping[str, Any]],
    rule: Rule,
    data: Mapping[str, Any],
    notes: list[Localized],
    people: People,
) -> list[User]:
    """The active people the specs mean, in order, each once."""
    found: dict[int, User] = {}
    for spec in specs:
        for person in _people(spec, rule, data, notes, people):
            found.setdefault(person.pk, person)
    return list(found.values())


def _people(
    spec: Mapping[str, Any], rule: Rule, data: Mapping[str, Any], notes: list[Localized], people: People
) -> Sequence[User]:
    kind = spec.get("type")
    if kind == "record_person":
        account = str(data.get(str(spec.get("field"))) or "")
        person = people.account(rule.connection_id, account)
        if person is None:
            notes.append(
                localized(
                    gettext_noop("%(field)s “%(account)s” is not linked to an active person."),
                    field=str(spec.get("field")),
                    account=account or "–",
                )
            )
        return [person] if person else []
    if kind == "user":
        return people.named("user", str(spec.get("username")))
    if kind == "role":
        return people.named("role", str(spec.get("group")))
    if kind == "rule_owner":
        owner = rule.owner
        return [owner] if isinstance(owner, User) and owner.is_active else []
    return []


def channels_find(slugs: Sequence[str]) -> list[Connection]:
    """The messenger connections named; the built-in inbox when none is."""
    if slugs:
        return list(Connection.objects.filter(slug__in=slugs, kind="im").exclude(state=ConnectionState.DRAFT))
    return list(Connection.objects.filter(connector=BUILT_IN, state=ConnectionState.ACTIVE)[:1])


def audience_plan(
    recipients: Sequence[Mapping[str, Any]],
    fallback: Sequence[Mapping[str, Any]],
    slugs: Sequence[str],
    rule: Rule,
    record: Record | None,
    data: Mapping[str, Any],
    people: People | None = None,
) -> Audience:
    """The rule's recipients; else its fallback; else its owner. Each must be linked and may see the record."""
    people = people or People()
    audience = Audience()
    channels = people.channels(slugs)
    for purpose, specs in (
        ("recipient", recipients),
        ("fallback", fallback),
        ("owner", [{"type": "rule_owner"}]),
    ):
        for person in people_resolve(specs, rule, data, audience.notes, people):
            _add(audience, person, channels, record, purpose, people)
        if audience.targets:
            return audience
    return audience


def _add(
    audience: Audience,
    person: User,
    channels: Sequence[Connection],
    record: Record | None,
    purpose: str,
    people: People,
) -> None:
    if record is not None:
        decision = people.gates.record(person, record, Verb.TOLD)
        if not decision.allowed:
            audience.notes.append(
                localized(
                    gettext_noop("%(person)s may not see this record: %(reason)s"),
                    person=person.display_name,
                    reason=" ".join(decision.reasons),
                )
            )
            return
    reached = False
    for channel in channels:
        address = people.address(person, channel)
        if address:
            audience.targets.append(Target(person, channel, address, purpose))
            reached = True
    if not reached:
        audience.notes.append(
            localized(gettext_noop("%(person)s is not linked to the messenger."), person=person.display_name)
        )
