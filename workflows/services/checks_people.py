"""Whether a rule reaches anybody: people who left, roles nobody has, accounts nobody linked, channels that are closed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connectors.models import Connection, ConnectionState, Record
from messaging.services.groups import chat_of, chat_unusable
from permissions.identities import BUILT_IN
from permissions.models import Identity, IdentityState, User
from workflows.definition import Definition, Problem
from workflows.nesting import steps_walk

MOST_RECORDS = 2_000
MOST_NAMED = 3


def people_problems(connection: Connection, definition: Definition) -> list[Problem]:
    problems: list[Problem] = []
    for placed in steps_walk(definition.raw["steps"]):
        where = f"{placed.pointer}/params"
        for name in ("recipients", "fallback"):
            for at, spec in enumerate(placed.params.get(name, ())):
                problems += _one(connection, definition, spec, f"{where}/{name}/{at}")
        problems += _channels(placed.params, where)
    return problems


def _one(
    connection: Connection, definition: Definition, spec: Mapping[str, Any], pointer: str
) -> Iterator[Problem]:
    kind = spec.get("type")
    if kind == "user":
        username = str(spec.get("username", ""))
        if not User.objects.filter(username=username, is_active=True).exists():
            words = _("There is no active person “%(name)s”. Choose somebody else.") % {"name": username}
            yield Problem(pointer, "dead_recipient", words)
    elif kind == "role":
        group = str(spec.get("group", ""))
        active = Count("user", filter=Q(user__is_active=True))
        members = Group.objects.filter(name=group).annotate(n=active).values_list("n", flat=True).first()
        if not members:
            words = _("Nobody active has the role “%(name)s”.") % {"name": group}
            yield Problem(pointer, "dead_recipient", words)
    elif kind == "group_chat":
        yield from _chat(str(spec.get("chat", "")), pointer)
    elif kind == "record_person":
        yield from _unlinked(connection, definition.trigger.object, str(spec.get("field", "")), pointer)


def _chat(ref: str, pointer: str) -> Iterator[Problem]:
    """A chat nobody knows, or whose messenger cannot say who is in it."""
    chat = chat_of(ref)
    if chat is None:
        words = _("There is no group chat “%(chat)s”. Choose another one.") % {"chat": ref}
        yield Problem(pointer, "dead_recipient", words)
    elif (reason := chat_unusable(chat)) is not None:
        yield Problem(pointer, "dead_recipient", str(reason))


def _unlinked(connection: Connection, object_name: str, field: str, pointer: str) -> Iterator[Problem]:
    """Accounts in recent records that belong to nobody here."""
    recent = Record.objects.filter(connection=connection, object=object_name, gone=False).order_by("-pk")
    accounts = {str(data.get(field) or "") for data in recent.values_list("data", flat=True)[:MOST_RECORDS]}
    named = accounts - {""}
    linked = set(
        Identity.objects.filter(
            connection=connection, state=IdentityState.ACTIVE, user__is_active=True, external_id__in=named
        ).values_list("external_id", flat=True)
    )
    if dead := sorted(named - linked):
        words = ngettext(
            "%(count)s account in the records is linked to nobody active: %(names)s. The fallback is told instead.",
            "%(count)s accounts in the records are linked to nobody active: %(names)s. The fallback is told instead.",
            len(dead),
        )
        names = ", ".join(dead[:MOST_NAMED]) + (" …" if len(dead) > MOST_NAMED else "")
        yield Problem(
            pointer, "unlinked_recipient", words % {"count": len(dead), "names": names}, severity="warning"
        )


def _channels(params: Mapping[str, Any], where: str) -> Iterator[Problem]:
    """A messenger that is not active, and people named by name who are not linked to it."""
    slugs = [str(each) for each in params.get("channels", ())]
    for channel in Connection.objects.filter(slug__in=slugs, kind="im"):
        pointer = f"{where}/channels/{slugs.index(channel.slug)}"
        if channel.state != ConnectionState.ACTIVE:
            words = _("The messenger “%(name)s” is not active now: %(state)s.") % {
                "name": channel.name,
                "state": channel.get_state_display(),
            }
            yield Problem(pointer, "channel_closed", words, severity="warning")
        if channel.connector == BUILT_IN:
            continue
        people = [
            str(each.get("username")) for each in params.get("recipients", ()) if each.get("type") == "user"
        ]
        linked = Identity.objects.filter(
            connection=channel, state=IdentityState.ACTIVE, user__username__in=people
        ).values_list("user__username", flat=True)
        for missing in sorted(set(people) - set(linked)):
            words = _("%(person)s is not linked to “%(name)s” and would not be reached there.") % {
                "person": missing,
                "name": channel.name,
            }
            yield Problem(pointer, "unlinked_recipient", words, severity="warning")
