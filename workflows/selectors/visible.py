"""Which rows a person may list. Events follow their connection; runs, cards and replies follow their rule.

That a row is listed says nothing about the record's values: those pass the gate, see shown.py.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from connectors.models import Connection, Event
from connectors.selectors import dictionary_objects
from messaging.models import Delivery, Interaction, Reply
from permissions.objects import may_any, visible_objects
from permissions.policies import Gate
from workflows.models import Rule, Run, Step


def visible_rules(user: Any) -> QuerySet[Rule]:
    return visible_objects(user, Rule.objects.all())


def may_list_runs(user: Any) -> bool:
    """Whether pages of runs and cards are offered at all: to whoever may see a rule, or make one."""
    return may_any(user, "add", Rule) or may_any(user, "view", Interaction) or visible_rules(user).exists()


def may_list_events(user: Any) -> bool:
    """Whether the ledger is offered at all: to whoever may see a connection."""
    return may_any(user, "view", Event) or visible_objects(user, Connection.objects.all()).exists()


def visible_runs(user: Any) -> QuerySet[Run]:
    if may_any(user, "view", Rule):
        return Run.objects.all()
    return Run.objects.filter(rule__in=visible_rules(user))


def visible_steps(user: Any) -> QuerySet[Step]:
    if may_any(user, "view", Rule):
        return Step.objects.all()
    return Step.objects.filter(run__rule__in=visible_rules(user))


def event_connections(user: Any) -> QuerySet[Connection] | None:
    """The connections whose events this person may list; None for all of them."""
    if may_any(user, "view", Event) or may_any(user, "view", Connection):
        return None
    return visible_objects(user, Connection.objects.all())


def event_kinds_counted(user: Any, connections: QuerySet[Connection], prefix: str = "") -> Q:
    """Of the events of `connections` those that totals may count for this person: all of a connection they operate, else
    only of kinds of records of which they may see every one. A total over others would tell that there are some.

    `prefix` leads from the counted rows to the event.
    """
    operated = set(visible_objects(user, connections, "operate").values_list("pk", flat=True))
    found = Q(**{f"{prefix}connection__in": operated})
    gate = Gate(user)
    for pk in connections.exclude(pk__in=operated).values_list("pk", flat=True):
        names = [each.name for each in dictionary_objects(pk) if gate.sees_all(each)]
        if names:
            found |= Q(**{f"{prefix}connection": pk, f"{prefix}object__in": names})
    return found


def visible_events(user: Any) -> QuerySet[Event]:
    connections = event_connections(user)
    if connections is None:
        return Event.objects.all()
    return Event.objects.filter(connection__in=connections)


def visible_interactions(user: Any) -> QuerySet[Interaction]:
    if may_any(user, "view", Interaction):
        return Interaction.objects.all()
    asked = visible_steps(user).filter(interaction__isnull=False)
    return Interaction.objects.filter(pk__in=asked.values("interaction"))


def visible_deliveries(user: Any) -> QuerySet[Delivery]:
    if may_any(user, "view", Delivery):
        return Delivery.objects.all()
    return Delivery.objects.filter(interaction__in=visible_interactions(user).values("pk"))


def visible_replies(user: Any) -> QuerySet[Reply]:
    if may_any(user, "view", Reply):
        return Reply.objects.all()
    return Reply.objects.filter(interaction__in=visible_interactions(user).values("pk"))
