"""Faults as somebody might build them in, each with a small company in which it shows.

A fault is a function of a MonkeyPatch; the suite is worth something only if it catches every one.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Collection, Mapping
from typing import Any

import pytest
from django.db.models import Q

from inbox.api import events as events_api
from kernel.errors import PermissionDenied
from messaging import card, selectors
from messaging.models import Interaction
from messaging.services import answers, digest, outbox, replies
from messaging.templating import template_render
from permissions import bundles, decisions, policies
from permissions.bundles import Bundle, Held
from permissions.decisions import Decision
from permissions.models import User
from permissions.policies import Gate
from tests.leaks.cases import Act, Case, Granted
from workflows.admin.ledger import EventAdmin
from workflows.engine import execute
from workflows.selectors import ledgercounts
from workflows.selectors.shown import RecordView
from workflows.services import seeing, workbook

Fault = Callable[[pytest.MonkeyPatch], None]
OPEN = Decision(True, classes=frozenset({"*"}))
POST, WORK = Act("post"), Act("work")
EVERYTHING = Granted("ann", classes=("*",))
NO_PRICE = Granted("ann")
SEEN_BY_AUDIT = Granted("audit")
EAST_ONLY = Granted("ann", warehouses=("EAST",), classes=("*",))


def gate_skipped_on_a_retry(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(outbox, "gate_now", lambda delivery, gates: OPEN)


def gate_skipped_on_open(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(selectors, "gate_of", lambda gate, interaction, verb="see": OPEN)


def gate_skipped_on_answer(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(answers, "_gate_refuse", lambda interaction, user: None)


def _held(patch: pytest.MonkeyPatch, faulty: Callable[[Collection[int]], dict[int, Held]]) -> None:
    for module in (bundles, policies):
        patch.setattr(module, "held_load", faulty)


def stale_membership(patch: pytest.MonkeyPatch) -> None:
    load, kept = bundles.held_load, dict[int, Held]()

    def faulty(user_ids: Collection[int]) -> dict[int, Held]:
        return {pk: kept.setdefault(pk, found) for pk, found in load(user_ids).items()}

    _held(patch, faulty)


class _LongAgo:
    @staticmethod
    def now() -> dt.datetime:
        return dt.datetime(2020, 6, 1, tzinfo=dt.UTC)


def expired_grant(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(bundles, "clock", _LongAgo)


def leavers_old_card(patch: pytest.MonkeyPatch) -> None:
    load = bundles.held_load

    def faulty(user_ids: Collection[int]) -> dict[int, Held]:
        left = list(User.objects.filter(pk__in=user_ids, is_active=False).values_list("pk", flat=True))
        User.objects.filter(pk__in=left).update(is_active=True)
        found = load(user_ids)
        User.objects.filter(pk__in=left).update(is_active=False)
        return found

    _held(patch, faulty)


def _covers(patch: pytest.MonkeyPatch, faulty: Callable[[frozenset[str], str], bool]) -> None:
    def covers(
        self: Bundle, about: Any, scopes: Mapping[str, str], connection_id: int, accounts: Any
    ) -> bool:
        return all(faulty(self.scopes.get(need, frozenset()), scopes.get(need, "")) for need in about.needs)

    patch.setattr(Bundle, "covers", covers)


def dimension_ignored(patch: pytest.MonkeyPatch) -> None:
    _covers(patch, lambda granted, value: True)


def wildcard_on_an_empty_dimension(patch: pytest.MonkeyPatch) -> None:
    _covers(patch, lambda granted, value: "*" in granted or value == "" or value in granted)


def grants_mixed(patch: pytest.MonkeyPatch) -> None:
    """Every dimension is covered by some grant, but by none together."""

    def covering(self: Gate, able: Any, about: Any, scopes: Mapping[str, str], *rest: Any) -> list[Bundle]:
        for need in about.needs:
            if not any({"*", scopes[need]} & each.scopes.get(need, frozenset()) for each in able):
                return []
        return list(able)

    patch.setattr(Gate, "_covering", covering)


def classes_mixed(patch: pytest.MonkeyPatch) -> None:
    """A class held anywhere opens the field everywhere."""
    decide = Gate.decide

    def faulty(self: Gate, about: Any, *rest: Any, **options: Any) -> Decision:
        found = decide(self, about, *rest, **options)
        classes = frozenset().union(*(each.classes for each in self.bundles))
        masked, treatments = decisions.fields_hidden(about, classes)
        return dataclasses.replace(found, classes=classes, masked=masked, treatments=treatments)

    patch.setattr(Gate, "decide", faulty)


def field_unmasked_in_the_title(patch: pytest.MonkeyPatch) -> None:
    render = card.card_render

    def faulty(interaction: Interaction, user: User, decision: Decision) -> Any:
        title = template_render(interaction.card["title"], {"record": interaction.card["data"]})
        return dataclasses.replace(render(interaction, user, decision), title=title)

    for module in (selectors, digest):
        patch.setattr(module, "card_render", faulty)


def field_unmasked_in_the_trace(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(RecordView, "hides", lambda self, name: not self.decision.allowed)


def field_unmasked_in_a_hint(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(replies, "input_is_masked", lambda spec, decision: False)


def forwarded_link_opens(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(selectors, "_asked", lambda user: Interaction.objects.select_related("record"))


def existence_by_403(patch: pytest.MonkeyPatch) -> None:
    show = events_api.EventReader.show

    def faulty(self: Any, event: Any) -> Any:
        found = show(self, event)
        if found is None:
            raise PermissionDenied("You may not see this record.")
        return found

    patch.setattr(events_api.EventReader, "show", faulty)


def existence_by_search(patch: pytest.MonkeyPatch) -> None:
    patch.delattr(EventAdmin, "get_search_results")


def raw_event_shown(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(RecordView, "masked_json", lambda self: dict(self.data))


def rule_without_its_owners_right(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(execute, "_gate", lambda step, compiled, *, acts_alone: None)


def asked_without_the_askers_limit(patch: pytest.MonkeyPatch) -> None:
    """What another sees is shown as the other sees it: “what would Li Wei see?”, a preview run as the designer."""
    patch.setattr(Decision, "within", lambda self, limit: self)


def the_asker_is_not_asked_for(patch: pytest.MonkeyPatch) -> None:
    """A record the asker may not see is answered, masked, where it should be as if it were not there."""
    decide = Gate.decide

    def faulty(self: Gate, *rest: Any, **options: Any) -> Decision:
        found = decide(self, *rest, **options)
        return (
            found
            if found.allowed
            else dataclasses.replace(found, allowed=True, masked=frozenset({"unit_price"}))
        )

    class FaultyGate(Gate):
        decide = faulty

    patch.setattr(seeing, "Gate", FaultyGate)


def values_in_an_export(patch: pytest.MonkeyPatch) -> None:
    cells = workbook._cells

    def faulty(line: Any) -> list[Any]:
        newest = Interaction.objects.latest("pk").card["data"]
        return [*cells(line), newest[line.row.field]]

    patch.setattr(workbook, "_cells", faulty)


def hidden_events_counted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ledgercounts, "event_kinds_counted", lambda user, connections, prefix="": Q())


def gate_skipped_in_a_digest(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(digest, "gate_of", lambda gate, interaction, verb="see": OPEN)


def case(*grants: Granted, acts: tuple[Act, ...] = (POST, WORK), visit: tuple[str, str]) -> Case:
    return Case(grants, acts, (visit,))


FAULTS: tuple[tuple[Fault, Case], ...] = (
    (
        gate_skipped_on_a_retry,
        case(EVERYTHING, acts=(POST, WORK, POST, Act("revoke"), WORK), visit=("ann", "seen")),
    ),
    (gate_skipped_on_open, case(EVERYTHING, acts=(POST, WORK, Act("revoke")), visit=("ann", "card"))),
    (gate_skipped_on_answer, case(EVERYTHING, acts=(POST, WORK, Act("revoke"), Act("answer", "ann")), visit=("ann", "seen"))),
    (stale_membership, case(Granted("Asked"), acts=(POST, WORK, Act("out", "ann")), visit=("ann", "cards"))),
    (expired_grant, case(Granted("audit", expired=True), visit=("audit", "events"))),
    (leavers_old_card, case(EVERYTHING, acts=(POST, WORK, Act("leave", "ann"), Act("answer", "ann")), visit=("ann", "seen"))),
    (dimension_ignored, case(EAST_ONLY, acts=(Act("post", warehouse="WEST"), WORK), visit=("ann", "cards"))),
    (wildcard_on_an_empty_dimension, case(Granted("ann", companies=("C1",)), acts=(Act("post", company=""), WORK), visit=("ann", "cards"))),
    (
        grants_mixed,
        case(
            Granted("audit", companies=("C1",), warehouses=("WEST",)),
            Granted("audit", companies=("C2",), warehouses=("EAST",)),
            visit=("audit", "events"),
        ),
    ),
    (
        classes_mixed,
        case(NO_PRICE, Granted("ann", warehouses=("WEST",), classes=("cost",)), visit=("ann", "cards")),
    ),
    (field_unmasked_in_the_title, case(NO_PRICE, visit=("ann", "cards"))),
    (field_unmasked_in_the_trace, case(Granted("vera"), visit=("vera", "trace"))),
    (field_unmasked_in_a_hint, case(NO_PRICE, visit=("ann", "hint"))),
    (forwarded_link_opens, case(EVERYTHING, Granted("bob"), acts=(POST, WORK), visit=("audit", "forwarded_link"))),
    (existence_by_403, case(EVERYTHING, visit=("audit", "event"))),
    (existence_by_search, case(EVERYTHING, visit=("ida", "admin_search"))),
    (raw_event_shown, case(SEEN_BY_AUDIT, visit=("audit", "event"))),
    (asked_without_the_askers_limit, case(EVERYTHING, SEEN_BY_AUDIT, visit=("audit", "seen_by_others"))),
    (asked_without_the_askers_limit, case(EVERYTHING, Granted("vera"), visit=("vera", "preview"))),
    (the_asker_is_not_asked_for, case(EVERYTHING, visit=("audit", "seen_by_others"))),
    (values_in_an_export, case(EVERYTHING, visit=("audit", "export"))),
    (hidden_events_counted, case(Granted("vera", warehouses=("EAST",)), acts=(Act("post", warehouse="WEST"),), visit=("vera", "ledger"))),
    (gate_skipped_in_a_digest, case(EVERYTHING, acts=(POST, WORK, Act("revoke")), visit=("ann", "digest"))),
    (rule_without_its_owners_right, case(EVERYTHING, acts=(Act("owner_out"), POST, WORK), visit=("ann", "seen"))),
)  # fmt: skip
