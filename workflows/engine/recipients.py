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
from permissions.policies import may_see_record
from workflows.models import Rule


@dataclass(frozen=True)
class Audience:
    """Who is asked, and in words why others are not."""

    targets: list[Target] = field(default_factory=list)
    notes: list[Localized] = field(default_factory=list)


def people_resolve(
    specs: Sequence[Mapping[str, Any]], rule: Rule, data: Mapping[str, Any], notes: list[Localized]
) -> list[User]:
    """The active people the specs mean, in order, each once."""
    found: dict[int, User] = {}
    for spec in specs:
        for person in _people(spec, rule, data, notes):
            found.setdefault(person.pk, person)
    return list(found.values())


def _people(
    spec: Mapping[str, Any], rule: Rule, data: Mapping[str, Any], notes: list[Localized]
) -> Sequence[User]:
    kind = spec.get("type")
    if kind == "record_person":
        account = str(data.get(str(spec.get("field"))) or "")
        person = person_for_account(rule.connection_id, account) if account else None
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
        return list(User.objects.filter(username=str(spec.get("username")), is_active=True))
    if kind == "role":
        return list(User.objects.filter(groups__name=str(spec.get("group")), is_active=True).order_by("pk"))
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
) -> Audience:
    """The rule's recipients; else its fallback; else its owner. Each must be linked and may see the record."""
    audience = Audience()
    channels = channels_find(slugs)
    for purpose, specs in (
        ("recipient", recipients),
        ("fallback", fallback),
        ("owner", [{"type": "rule_owner"}]),
    ):
        for person in people_resolve(specs, rule, data, audience.notes):
            _add(audience, person, channels, record, purpose)
        if audience.targets:
            return audience
    return audience


def _add(
    audience: Audience, person: User, channels: Sequence[Connection], record: Record | None, purpose: str
) -> None:
    if record is not None:
        decision = may_see_record(person, record, Verb.TOLD)
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
        address = address_for(person, channel)
        if address:
            audience.targets.append(Target(person, channel, address, purpose))
            reached = True
    if not reached:
        audience.notes.append(
            localized(gettext_noop("%(person)s is not linked to the messenger."), person=person.display_name)
        )
