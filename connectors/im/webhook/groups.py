"""What the receiver says of group chats, read strictly: who is not named for sure is not taken for a member of the company."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from connectors.ports.im import Group, Member, Membership
from kernel.errors import Rejected

MOST_GROUPS = 1_000
MOST_MEMBERS = 5_000
MAX_NAME = 200


def groups_read(answer: Mapping[str, Any]) -> tuple[Group, ...]:
    """`{"groups": [{"id": "g-1", "name": "Purchasing"}]}`. Raises Rejected for anything else."""
    found: dict[str, Group] = {}
    for each in _items(answer, "groups", MOST_GROUPS):
        key = _name(each, "id")
        found[key] = Group(key, str(each.get("name") or key)[:MAX_NAME])
    return tuple(found.values())


def members_read(answer: Mapping[str, Any], asked_at: dt.datetime) -> Membership:
    """`{"members": [{"address": "u-17", "external": false}], "as_of": "2026-11-27T10:00:00Z"}`.

    A member without `"external": false` is external. Without `as_of` the list is as of now. Raises Rejected otherwise.
    """
    found: dict[str, Member] = {}
    for each in _items(answer, "members", MOST_MEMBERS):
        address = _name(each, "address")
        is_external = each.get("external") is not False
        found[address] = Member(address, is_external or (address in found and found[address].is_external))
    return Membership(tuple(found.values()), min(_moment(answer.get("as_of"), asked_at), asked_at))


def _items(answer: Mapping[str, Any], name: str, most: int) -> list[Mapping[str, Any]]:
    items = answer.get(name)
    if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
        raise Rejected(
            _("The receiver does not tell its group chats: the answer has no list “%(name)s”.")
            % {"name": name}
        )
    if len(items) > most:
        raise Rejected(
            _("“%(name)s” has more than %(count)s entries. Use smaller group chats.")
            % {"name": name, "count": most}
        )
    return items


def _name(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_NAME or "\0" in value:
        raise Rejected(
            _("“%(name)s” must be a text of at most %(count)s characters") % {"name": name, "count": MAX_NAME}
        )
    return value.strip()


def _moment(value: Any, asked_at: dt.datetime) -> dt.datetime:
    if value is None:
        return asked_at
    try:
        found = dt.datetime.fromisoformat(str(value))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Rejected(
            _("“as_of” must be a time with its zone, like 2026-11-27T10:00:00Z, not “%(value)s”.")
            % {"value": str(value)[:60]}
        )
    return found
