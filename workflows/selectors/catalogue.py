"""What a person may build a rule from: connections, their objects, and everything the editor offers for one object.

What cannot be used is listed too, with its reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from connectors.dictionary.types import DictionaryObject
from connectors.models import Connection, ConnectionState, RecordedObject
from connectors.selectors import dictionary_object, dictionary_objects, fields_mapped
from connectors.services.updating import fields_writable
from kernel.errors import ConfigError, NotFound
from kernel.generation import generations_held
from kernel.text import Localized, localized
from messaging.models import GroupChat, HolidayCalendar
from messaging.services.groups import chat_unusable
from permissions.models import User
from permissions.objects import visible_objects
from permissions.policies import Gate
from workflows.blocks import RuleScope
from workflows.catalog import ACTIONS, LATER_ACTIONS, LATER_TRIGGERS, TRIGGERS
from workflows.conditions import ConditionSchema
from workflows.selectors.addresses import addresses_of
from workflows.selectors.offers import OPERATORS, POLICIES, RECIPIENTS, fields_offered, offer
from workflows.selectors.startable import rules_startable

MOST_PEOPLE = 500
MOST_CHATS = 500


def connections_usable(user: User) -> list[Connection]:
    """The ERP connections this person may build rules on."""
    return list(visible_objects(user, Connection.objects.filter(kind="erp"), "use").order_by("name"))


def connection_usable(user: User, pk: int) -> Connection:
    """Raises NotFound for a connection this person may not build rules on."""
    found = next((each for each in connections_usable(user) if each.pk == pk), None)
    if found is None:
        raise NotFound(_("There is no such connection."))
    return found


def catalogue(user: User) -> list[dict[str, Any]]:
    connections = connections_usable(user)
    recorded = {
        (row.connection_id, row.object): row.snapshot_at
        for row in RecordedObject.objects.filter(connection__in=connections)
    }
    gate = Gate(user)
    with generations_held():
        return [_connection_shown(connection, gate, recorded) for connection in connections]


def _connection_shown(
    connection: Connection, gate: Gate, recorded: Mapping[tuple[int, str], Any]
) -> dict[str, Any]:
    return {
        "id": connection.pk,
        "slug": connection.slug,
        "name": connection.name,
        "state": connection.state,
        "objects": [
            {
                **_object_shown(about),
                "recorded_since": recorded.get((connection.pk, about.name)),
                **offer(object_reason(connection, about, gate)),
            }
            for about in dictionary_objects(connection.pk)
        ],
    }


def _object_shown(about: DictionaryObject) -> dict[str, Any]:
    return {
        "name": about.name,
        "label": about.label.as_json(),
        "plural": about.plural.as_json(),
        "synonyms": list(about.synonyms),
    }


def object_reason(connection: Connection, about: DictionaryObject, gate: Gate) -> Localized | None:
    if gate.classes_seen(about.name) is None:
        return localized(gettext_noop("You may not see %(object)s."), object=about.label)
    if fields_mapped(connection.pk, about.name) is None:
        text = gettext_noop("“%(connection)s” does not deliver it yet: an administrator has to map it.")
        return localized(text, connection=connection.name)
    return None


def catalogue_object(user: User, connection_id: int, object_name: str) -> dict[str, Any]:
    """Raises NotFound for a connection this person may not use, or an object nobody knows."""
    connection = connection_usable(user, connection_id)
    with generations_held():
        try:
            about = dictionary_object(connection.pk, object_name)
        except ConfigError as error:
            raise NotFound(error.message) from error
        return _offered(user, connection, about)


def _offered(user: User, connection: Connection, about: DictionaryObject) -> dict[str, Any]:
    gate = Gate(user)
    writable = fields_writable(connection, about.name)
    addresses = addresses_of(connection.pk)
    rules = rules_startable(user, connection.pk, about.name)
    scope = RuleScope(
        about, ConditionSchema({}), connection.manifest, frozenset(), {}, writable, addresses, rules
    )
    return {
        "connection": {"id": connection.pk, "slug": connection.slug, "name": connection.name},
        "object": {**_object_shown(about), **offer(object_reason(connection, about, gate))},
        "fields": [
            {**each, "writable": each["name"] in writable} for each in fields_offered(connection, about, gate)
        ],
        "operators": [dict(each) for each in OPERATORS],
        "triggers": _triggers(),
        "actions": _actions(scope),
        "policies": [{**each, **offer(None)} for each in POLICIES],
        "recipients": _recipients(about),
        "people": [
            {"username": each.username, "name": each.display_name}
            for each in User.objects.filter(is_active=True).order_by("username")[:MOST_PEOPLE]
        ],
        "roles": [
            {"name": group.name, "people": group.active}
            for group in Group.objects.annotate(
                active=Count("user", filter=Q(user__is_active=True))
            ).order_by("name")
        ],
        "channels": _channels(),
        "addresses": [{"slug": slug, "name": str(name)} for slug, name in addresses.items()],
        "calendars": list(
            HolidayCalendar.objects.order_by("name").values_list("name", flat=True)[:MOST_PEOPLE]
        ),
        "rules": [{"key": key, "name": name.as_json()} for key, name in rules.items()],
        "group_chats": _group_chats(),
        "writes": [
            {
                "key": each.key,
                "object": each.object,
                "label": each.label.as_json(),
                "required": list(each.required),
                "optional": list(each.optional),
            }
            for each in connection.manifest.writes
        ],
    }


def _later(found: Mapping[str, tuple[Localized, Localized]]) -> Iterable[tuple[str, Localized, Localized]]:
    return ((key, label, reason) for key, (label, reason) in found.items())


def _triggers() -> list[dict[str, Any]]:
    here = [
        {
            "key": key,
            "label": each.label.as_json(),
            "params": each.params,
            "object": each.object,
            "policies": [policy.value for policy in each.policies],
            **offer(None),
        }
        for key, each in TRIGGERS.items()
    ]
    return here + [
        {
            "key": key,
            "label": label.as_json(),
            "params": {},
            "object": "",
            "policies": [],
            **offer(reason),
        }
        for key, label, reason in _later(LATER_TRIGGERS)
    ]


def _actions(scope: RuleScope) -> list[dict[str, Any]]:
    here = [
        {
            "key": key,
            "label": each.label.as_json(),
            "params": each.params,
            "first": each.first,
            "follows": each.follows,
            "gives": [{"name": name, "type": spec.type.value} for name, spec in each.gives({}).items()],
            "asks": each.asks,
            **offer(each.unavailable(scope)),
        }
        for key, each in ACTIONS.items()
    ]
    return here + [
        {
            "key": key,
            "label": label.as_json(),
            "params": {},
            "first": True,
            "follows": True,
            "gives": [],
            "asks": False,
            **offer(reason),
        }
        for key, label, reason in _later(LATER_ACTIONS)
    ]


def _recipients(about: DictionaryObject) -> list[dict[str, Any]]:
    people = [each for each in about.fields if each.person]
    reasons = {
        "record_person": None
        if people
        else localized(gettext_noop("No field of %(object)s names a person."), object=about.label),
        "group_chat": None
        if GroupChat.objects.exists()
        else localized(
            gettext_noop("No messenger has told of a group chat yet. An administrator looks for them.")
        ),
    }
    return [
        {
            **each,
            "fields": [field.name for field in people] if each["type"] == "record_person" else [],
            **offer(reasons.get(str(each["type"]))),
        }
        for each in RECIPIENTS
    ]


def _channels() -> list[dict[str, Any]]:
    found = []
    for connection in Connection.objects.filter(kind="im").order_by("name"):
        able = connection.manifest.im
        assert able is not None
        reason = None
        if connection.state != ConnectionState.ACTIVE:
            reason = localized(gettext_noop("“%(name)s” is not active now."), name=connection.name)
        found.append(
            {
                "slug": connection.slug,
                "name": connection.name,
                "connector": connection.connector,
                "label": connection.manifest.label.as_json(),
                "limits": {
                    "buttons": able.buttons,
                    "card_input": able.card_input,
                    "update": able.update,
                    "text_reply": able.text_reply,
                    "text_bytes": able.text_bytes,
                },
                **offer(reason),
            }
        )
    return found


def _group_chats() -> list[dict[str, Any]]:
    """The chats messengers told of; those of a messenger that does not tell its members are offered with the reason."""
    chats = GroupChat.objects.select_related("connection").annotate(count=Count("members"))
    return [
        {
            "ref": each.ref,
            "name": each.name,
            "channel": each.connection.name,
            "members": each.count,
            "otherwise": each.otherwise,
            **offer(chat_unusable(each)),
        }
        for each in chats.order_by("connection__name", "name")[:MOST_CHATS]
    ]
