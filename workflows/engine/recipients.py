"""From a recipient spec to people and addresses. Nobody is reached by chance, and silence is not an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_noop

from connectors.models import Connection, ConnectionState, Record
from connectors.selectors import messenger_connections
from kernel.statements import Raw, Select, selects_run
from kernel.text import Localized, localized
from messaging.models import GroupChat
from messaging.services.absence import substitute_of
from messaging.services.groups import chat_of
from messaging.services.interactions import GroupTarget, Target
from permissions.identities import BUILT_IN, address_for, person_for_account
from permissions.models import User, Verb
from permissions.policies import Gates
from workflows.definition import Definition
from workflows.models import Launch, Rule

RULE_FIELDS = tuple(each.attname for each in Rule._meta.concrete_fields if each.attname != "draft")
_PEOPLE_IDS = """(
    SELECT owner_id FROM workflows_rule WHERE id {any}
    UNION SELECT id FROM permissions_user WHERE username {any}
    UNION SELECT m.user_id FROM permissions_user_groups m JOIN auth_group g ON g.id = m.group_id WHERE g.name {any}
)"""
_RULES = Select(Rule, "id {any}", fields=RULE_FIELDS)
_LAUNCHES = Select(Launch, "rule_id {any}")
_PEOPLE = Select(User, f"id IN {_PEOPLE_IDS}")
_MEMBERS = Raw(
    "SELECT g.name, m.user_id FROM permissions_user_groups m JOIN auth_group g ON g.id = m.group_id WHERE g.name {any}"
)
_IDENTITIES = Raw(
    "SELECT user_id, connection_id, external_id FROM permissions_identity "
    f"WHERE state = 'active' AND connection_id {{any}} AND user_id IN {_PEOPLE_IDS} ORDER BY id"
)


@dataclass(frozen=True)
class Audience:
    """Who is asked, and in words why others are not."""

    targets: list[Target] = field(default_factory=list)
    notes: list[Localized] = field(default_factory=list)
    groups: list[GroupTarget] = field(default_factory=list)

    @property
    def reaches(self) -> bool:
        """Whether anybody is asked. Who of a group chat may know of it is found when it is sent."""
        return bool(self.targets or self.groups)


class People:
    """Who is who and who may see what, looked up once for a batch. Build one per operation, never keep it."""

    def __init__(self) -> None:
        self._accounts: dict[tuple[int, str], User | None] = {}
        self._specs: dict[tuple[str, str], list[User]] = {}
        self._channels: dict[tuple[str, ...], list[Connection]] = {}
        self._addresses: dict[tuple[int, int], str | None] = {}
        self._standing_in: dict[int, User | None] = {}
        self._chats: dict[str, GroupChat | None] = {}
        self.gates = Gates()

    def rules_load(self, fired: Sequence[tuple[int, Definition]]) -> dict[int, Rule]:
        """The rules of a batch with owners and launches; whom their first steps name, and what these hold, is known afterwards.

        Two round trips, and one more for accounts that grants refer to.
        """
        rule_ids = sorted({rule_id for rule_id, _definition in fired})
        names: dict[str, set[str]] = {"user": set(), "role": set()}
        channels: dict[int, Connection] = {}
        for params in {id(definition): definition.steps[0].params for _id, definition in fired}.values():
            for spec in params.get("recipients") or ():
                if spec.get("type") in names:
                    names[spec["type"]].add(str(spec.get("username") or spec.get("group")))
            channels |= {each.pk: each for each in self.channels(params.get("channels") or ())}
        whose = (rule_ids, names["user"], names["role"])
        rules, launches, found, members, identities = selects_run(
            (_RULES, (rule_ids,)),
            (_LAUNCHES, (rule_ids,)),
            (_PEOPLE, whose),
            (_MEMBERS, (names["role"],)),
            (_IDENTITIES, (list(channels), *whose)),
        )
        users = {user.pk: user for user in found}
        launched = {launch.rule_id: launch for launch in launches}
        for rule in rules:
            rule._state.fields_cache["launch"] = launched.get(rule.pk)
            rule.owner = users.get(rule.owner_id) if rule.owner_id is not None else None
        active = sorted((user for user in found if user.is_active), key=lambda user: user.pk)
        for name in names["user"]:
            self._specs["user", name] = [user for user in active if user.username == name]
        for name in names["role"]:
            inside = {user_id for group, user_id in members if group == name}
            self._specs["role", name] = [user for user in active if user.pk in inside]
        addresses = {
            (user_id, connection_id): address for user_id, connection_id, address in reversed(identities)
        }
        for channel in channels.values():
            for user in active:
                if channel.connector != BUILT_IN:
                    self._addresses[user.pk, channel.pk] = addresses.get((user.pk, channel.pk))
        self.gates.load(found)
        return {rule.pk: rule for rule in rules}

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

    def standing_in(self, person: User) -> User | None:
        """Who is asked instead of this person now; None: the person is here, or nobody active stands in."""
        pk = substitute_of(person.pk)
        if pk is None:
            return None
        if pk not in self._standing_in:
            self._standing_in[pk] = User.objects.filter(pk=pk, is_active=True).first()
        return self._standing_in[pk]

    def channels(self, slugs: Sequence[str]) -> list[Connection]:
        key = tuple(slugs)
        if key not in self._channels:
            self._channels[key] = channels_find(slugs)
        return self._channels[key]

    def chat(self, ref: str) -> GroupChat | None:
        if ref not in self._chats:
            self._chats[ref] = chat_of(ref)
        return self._chats[ref]

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
    known = messenger_connections()
    if slugs:
        return [each for each in known if each.slug in slugs]
    return [each for each in known if each.connector == BUILT_IN and each.state == ConnectionState.ACTIVE][:1]


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
        asked: set[int] = set()
        for person in people_resolve(specs, rule, data, audience.notes, people):
            instead = _instead(person, record, audience.notes, people)
            if instead.pk not in asked:
                asked.add(instead.pk)
                _add(audience, instead, channels, record, purpose, people)
        _chats(audience, specs, purpose, people)
        if audience.reaches:
            return audience
    return audience


def _instead(person: User, record: Record | None, notes: list[Localized], people: People) -> User:
    """Who is asked: the person, or who stands in while the person is away, of what both may see.

    Who stands in may see it with rights of their own only; where that is not so, the person who is away is told after all.
    """
    other = people.standing_in(person)
    if other is None:
        return person
    both = record is None or all(
        people.gates.record(each, record, Verb.TOLD).allowed for each in (person, other)
    )
    text = (
        gettext_noop("%(person)s is away: %(substitute)s stands in.")
        if both
        else gettext_noop("%(person)s is away, but %(substitute)s may not be told of this record.")
    )
    notes.append(localized(text, person=person.display_name, substitute=other.display_name))
    return other if both else person


def _chats(audience: Audience, specs: Sequence[Mapping[str, Any]], purpose: str, people: People) -> None:
    for spec in specs:
        if spec.get("type") != "group_chat":
            continue
        ref = str(spec.get("chat"))
        chat = people.chat(ref)
        if chat is None:
            audience.notes.append(localized(gettext_noop("There is no group chat “%(chat)s”."), chat=ref))
        elif all(each.group.pk != chat.pk for each in audience.groups):
            audience.groups.append(GroupTarget(chat, str(spec.get("otherwise") or chat.otherwise), purpose))


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
