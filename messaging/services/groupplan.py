"""What may be sent to a group chat: decided of all its members together, and proved of each.

Whoever is unknown, of another company, not linked, or not allowed by the gate counts as somebody who may not see it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_noop

from connectors.dictionary.types import Dimension
from connectors.models import Record
from kernel.text import Localized, localized
from messaging.models import GroupChat, GroupMember, Otherwise, PostPlan
from messaging.services.groups import group_is_fresh
from permissions.decisions import decisions_meet
from permissions.identities import BUILT_IN
from permissions.models import User, Verb
from permissions.policies import Decision, gates_for, people_decide

EXTERNAL = "external"
UNLINKED = "unlinked"
DENIED = "denied"
ALLOWED = "allowed"
WORDS = {
    EXTERNAL: gettext_noop("not of this company"),
    UNLINKED: gettext_noop("not linked to a person here"),
    DENIED: gettext_noop("may not see it"),
    ALLOWED: gettext_noop("may see it"),
}
_STALE = gettext_noop("It is not known who is in “%(chat)s” now.")
_EMPTY = gettext_noop("Nobody is in “%(chat)s”.")
_ALL_MAY = gettext_noop("All %(count)s members may see it.")
_ALL_HIDDEN = gettext_noop("All %(count)s members may see it; some values are hidden from all.")
_SOME_MAY_NOT = gettext_noop("%(count)s of %(all)s members may not see it.")
_SEE_DIFFERENTLY = gettext_noop("Its %(all)s members may see different values.")
_OWN_CARDS = gettext_noop("In the inbox everybody has a card of their own.")


@dataclass(frozen=True)
class MemberDecided:
    """One account of the chat: whose it is, and what the gate says of that person now."""

    address: str
    user: User | None
    verdict: str
    decision: Decision

    def as_json(self) -> dict[str, Any]:
        return {
            "address": self.address,
            "user": self.user.username if self.user is not None else "",
            "name": self.user.display_name if self.user is not None else "",
            "verdict": self.verdict,
            "masked": sorted(self.decision.masked),
            "grants": list(self.decision.grants),
            "reasons": list(self.decision.reasons),
        }


@dataclass(frozen=True)
class GroupPlan:
    """`met` is what all who may be told may see; of the plan BLOCK and SPLIT nothing goes to the chat."""

    plan: PostPlan
    why: Localized
    members: Sequence[MemberDecided] = ()
    met: Decision = field(default_factory=lambda: Decision(False))

    @property
    def permitted(self) -> list[MemberDecided]:
        return [each for each in self.members if each.verdict == ALLOWED]

    def proof(self, group: GroupChat, record: Record | None) -> dict[str, Any]:
        """Who, under which grants and scopes, when: kept with the message."""
        scopes = {each.value: getattr(record, each.value) for each in Dimension} if record is not None else {}
        return {
            "plan": self.plan.value,
            "why": self.why.as_json(),
            "members_at": group.members_at.isoformat() if group.members_at is not None else None,
            "scopes": {name: value for name, value in scopes.items() if value},
            "members": [each.as_json() for each in self.members],
            **self.met.as_json(),
            "allowed": self.plan in (PostPlan.SEND, PostPlan.MASK, PostPlan.LINK),
        }


def group_plan(group: GroupChat, record: Record | None, otherwise: str) -> GroupPlan:
    """Ask the gate of every member, as many queries for a thousand as for one. Members too old count as unknown."""
    if not group_is_fresh(group):
        return GroupPlan(PostPlan.BLOCK, localized(_STALE, chat=str(group)))
    members = members_decide(list(group.members.select_related("user").order_by("address")), record)
    if not members:
        return GroupPlan(PostPlan.BLOCK, localized(_EMPTY, chat=str(group)))
    return plan_of(members, otherwise, shares=group.connection.connector != BUILT_IN)


def members_decide(members: Sequence[GroupMember], record: Record | None) -> list[MemberDecided]:
    people = {each.user_id: each.user for each in members if each.user is not None and not each.is_external}
    known = [each for each in people.values() if isinstance(each, User)]
    if record is not None:
        decisions: Mapping[int, Decision] = people_decide(known, record, Verb.TOLD)
    else:
        decisions = {pk: Decision(gate.active) for pk, gate in gates_for(known).items()}
    return [_decided(each, decisions) for each in members]


def _decided(member: GroupMember, decisions: Mapping[int, Decision]) -> MemberDecided:
    user = member.user if isinstance(member.user, User) else None
    if member.is_external:
        return MemberDecided(member.address, user, EXTERNAL, Decision(False))
    if user is None:
        return MemberDecided(member.address, None, UNLINKED, Decision(False))
    decision = decisions[user.pk]
    return MemberDecided(member.address, user, ALLOWED if decision.allowed else DENIED, decision)


def plan_of(members: Sequence[MemberDecided], otherwise: str, *, shares: bool) -> GroupPlan:
    """`shares`: one message is read by all of them; else everybody has one of their own anyway."""
    permitted = [each for each in members if each.verdict == ALLOWED]
    met = decisions_meet([each.decision for each in permitted])
    alike = len({(each.decision.masked, each.decision.classes) for each in permitted}) <= 1
    missing = len(members) - len(permitted)
    numbers = {"count": missing or len(members), "all": len(members)}
    if missing:
        why = localized(_SOME_MAY_NOT, **numbers)
    else:
        why = localized(_ALL_MAY if alike else _SEE_DIFFERENTLY, **numbers)
    if not shares:
        blocked = bool(missing) and otherwise == Otherwise.BLOCK
        plan = PostPlan.BLOCK if blocked or not permitted else PostPlan.SPLIT
        return GroupPlan(plan, why if blocked else localized(_OWN_CARDS), members, met)
    if not missing and alike:
        return GroupPlan(PostPlan.SEND, why, members, met)
    if not missing and otherwise == Otherwise.MASK:
        return GroupPlan(PostPlan.MASK, localized(_ALL_HIDDEN, **numbers), members, met)
    if otherwise == Otherwise.LINK:
        return GroupPlan(PostPlan.LINK, why, members, met)
    if otherwise == Otherwise.BLOCK or not permitted:
        return GroupPlan(PostPlan.BLOCK, why, members, met)
    return GroupPlan(PostPlan.SPLIT, why, members, met)
