"""“What would Li Wei see?”: a record, a card, a rule's message or a list, exactly as somebody gets it, and why.

Asked through the one gate, twice: for that person, and for whoever asks. Nobody is shown more than they may see
themselves, and what the asker may not see at all is answered as if it were not there. Every question is audited.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from connectors.dictionary.types import DictionaryObject, FieldClass, Treatment
from connectors.models import Connection, Event, Record
from connectors.ports.im import Message
from connectors.selectors import record_find
from connectors.services.records import scope_columns
from kernel.audit import audit_record
from kernel.errors import ConfigError, NotFound, PermissionDenied
from kernel.generation import generations_held
from messaging.card import card_render
from messaging.models import Delivery, DeliveryState, Interaction
from messaging.selectors import gate_of
from permissions.explain import Explained, gate_explain
from permissions.filters import visible_records_filter
from permissions.models import Grant, User, Verb
from permissions.objects import may_any, may_object
from permissions.policies import Decision, Gate, record_scopes
from workflows.engine.rehearsal import Rehearsal, compile_definition
from workflows.models import Rule
from workflows.selectors import visible_interactions
from workflows.selectors.explained import (
    FieldSeen,
    GrantSeen,
    fields_explained,
    grants_explained,
    grants_named,
    hidden_word,
    needs_words,
)
from workflows.selectors.shown import RecordView, about_find, state_view
from workflows.services.dryrun import event_occurrence
from workflows.services.preview import card_of, people_fields

LIST_ROWS = 20
ACTS = (Verb.ANSWER, Verb.APPROVE, Verb.EXPORT)


@dataclass
class Seen:
    """The answer. `allowed`: whether that person gets it at all; `may`: what else they may do with it."""

    person: User
    kind: str
    title: str
    allowed: bool
    reasons: list[str] = field(default_factory=list)
    may: dict[str, bool] = field(default_factory=dict)
    fields: list[FieldSeen] = field(default_factory=list)
    grants: list[GrantSeen] = field(default_factory=list)
    message: Message | None = None
    rows: list[str] = field(default_factory=list)


def may_ask(actor: Any) -> bool:
    """Whether the page is offered: to those who may read grants (data owners, auditors) and to designers of rules."""
    return may_any(actor, "view", Grant) or may_any(actor, "add", Rule)


def person_of(actor: User, username: str) -> User:
    """Raises PermissionDenied for whoever may not ask, also where there is no such person; else NotFound."""
    person = User.objects.filter(username=username).first()
    if person is not None:
        return person
    if not may_ask(actor):
        raise _refused()
    raise NotFound(_("There is nobody of this name."))


def _refused() -> PermissionDenied:
    return PermissionDenied(_("You may not ask what others see."))


def _asking_refuse(actor: User, person: User, rule: Rule | None = None) -> None:
    """For oneself, for whoever may read grants, and of a rule for its designers: what their messages tell."""
    designs = rule is not None and may_object(actor, "change", rule)
    if not actor.is_active or not (actor.pk == person.pk or may_any(actor, "view", Grant) or designs):
        raise _refused()


def _nothing() -> NotFound:
    return NotFound(_("There is nothing like this among what you may see."))


def record_seen(actor: User, person: User, connection: Connection | None, name: str, key: str) -> Seen:
    """The record as it is now. Raises PermissionDenied, and NotFound also for a record the asker may not see."""
    _asking_refuse(actor, person)
    record = record_find(connection, name, key) if connection is not None else None
    about = about_find(record.connection_id, name) if record is not None else None
    if record is None or about is None:
        raise _nothing()
    scopes = record_scopes(record, about)
    return _state_seen(actor, person, about, record.data, scopes, record.connection_id, ("record", record.pk))


def event_seen(actor: User, person: User, event_id: int) -> Seen:
    """The state an event tells of. Raises as record_seen."""
    _asking_refuse(actor, person)
    event = Event.objects.filter(pk=event_id).first()
    data = (event.after or event.before) if event is not None else None
    about = about_find(event.connection_id, event.object) if event is not None else None
    if event is None or data is None or about is None:
        raise _nothing()
    scopes = scope_columns(about, data)
    return _state_seen(actor, person, about, data, scopes, event.connection_id, ("event", event.pk))


def _state_seen(
    actor: User,
    person: User,
    about: DictionaryObject,
    data: Mapping[str, Any],
    scopes: Mapping[str, str],
    connection_id: int,
    subject: tuple[str, int],
) -> Seen:
    with generations_held():
        mine = Gate(actor).decide(about, scopes, connection_id=connection_id)
        if not mine.allowed:
            raise _nothing()
        theirs = Gate(person)
        explained = gate_explain(theirs, about, scopes, connection_id=connection_id)
        view = RecordView(about, data, explained.decision.within(mine))
        title = RecordView(about, data, mine).title
        seen = Seen(person, "record", f"{about.label} · {title}", explained.decision.allowed)
        _explain(seen, actor, data, scopes, explained, view, mine)
        seen.may = {
            verb.value: theirs.decide(about, scopes, verb, connection_id=connection_id).allowed
            for verb in (Verb.TOLD, *ACTS)
        }
    _asked(actor, seen, *subject)
    return seen


def card_seen(actor: User, person: User, interaction: Interaction | None) -> Seen:
    """A card that was sent. Raises PermissionDenied, and NotFound also for a card the asker may not see."""
    _asking_refuse(actor, person)
    if interaction is None or interaction.record is None:
        raise _nothing()
    was_asked = Delivery.objects.filter(interaction=interaction).exclude(state=DeliveryState.REFUSED)
    asker_was = was_asked.filter(user=actor).exists()
    mine = gate_of(Gate(actor), interaction, Verb.TOLD if asker_was else Verb.SEE)
    listed = asker_was or visible_interactions(actor).filter(pk=interaction.pk).exists()
    if not mine.allowed or not listed:
        raise _nothing()
    record = interaction.record
    about = about_find(record.connection_id, record.object)
    if about is None:
        raise _nothing()
    scopes = record_scopes(record, about)
    explained = gate_explain(Gate(person), about, scopes, Verb.TOLD, connection_id=record.connection_id)
    sent = was_asked.filter(user=person).exists()
    title = card_render(interaction, actor, mine).title
    seen = Seen(person, "card", title, explained.decision.allowed and sent)
    data = interaction.card.get("data", {})
    view = RecordView(about, data, explained.decision.within(mine))
    _explain(seen, actor, data, scopes, explained, view, mine)
    if not sent:
        seen.reasons.insert(0, _("It was not sent to them: its link opens nothing for them."))
    if seen.allowed:
        seen.message = _message(interaction, person, explained.decision.within(mine))
    _asked(actor, seen, "card", interaction.pk)
    return seen


def rule_seen(actor: User, person: User, rule: Rule | None, event_id: int | None = None) -> Seen:
    """The first message the rule as published would send that person on an event.

    Without `event_id` on the newest event of its object that the asker may see. Raises as the others.
    """
    _asking_refuse(actor, person, rule)
    if rule is None:
        raise _nothing()
    if rule.current is None:
        raise ConfigError(
            _("The rule is not published yet, so it tells nobody anything. Try the draft instead.")
        )
    with generations_held():
        rehearsal = Rehearsal(rule, compile_definition(rule, rule.current.definition))
        about, connection_id = rehearsal.compiled.about, rehearsal.compiled.connection_id
        event = _event_of(actor, rule, event_id)
        if event is None:
            raise _nothing()
        found = event_occurrence(event)
        scopes = scope_columns(about, found.record)
        mine = Gate(actor).decide(about, scopes, connection_id=connection_id)
        explained = gate_explain(Gate(person), about, scopes, Verb.TOLD, connection_id=connection_id)
        title = RecordView(about, found.record, mine).title
        seen = Seen(person, "rule", f"{rule} · {title}", explained.decision.allowed)
        view = RecordView(about, found.record, explained.decision.within(mine))
        _explain(seen, actor, found.record, scopes, explained, view, mine)
        _rule_message(seen, rehearsal, found, view)
    _asked(actor, seen, "rule", rule.pk)
    return seen


def _event_of(actor: User, rule: Rule, event_id: int | None) -> Event | None:
    """The event asked for, or the newest one whose record the asker may see; None where the gate shows none."""
    rows = Event.objects.filter(connection_id=rule.connection_id, object=rule.object)
    rows = rows.filter(pk=event_id) if event_id is not None else rows.filter(after__isnull=False)
    gate = Gate(actor)
    for event in rows.order_by("-pk")[:LIST_ROWS]:
        data = event.after or event.before
        if data is not None and state_view(gate, event.connection_id, event.object, data).decision.allowed:
            return event
    return None


def _rule_message(seen: Seen, rehearsal: Rehearsal, found: Any, view: RecordView) -> None:
    """The message of the first step that tells this person anything."""
    record = rehearsal.record(found)
    for step in (each.spec for each in rehearsal.steps(found)):
        if any(view.hides(name) for name in people_fields(step.params)):
            seen.reasons.append(_("Whom it tells depends on a field you may not see."))
            continue
        asked = rehearsal.ask(found, step)
        if asked is None:
            continue
        targets = rehearsal.audience(found, record, step).targets
        if any(each.user.pk == seen.person.pk for each in targets):
            if seen.allowed:
                seen.message = _message(card_of(rehearsal, found, asked), seen.person, view.decision)
            return
    seen.allowed = False
    seen.reasons.insert(0, _("The rule does not tell this person anything about this record."))


def list_seen(actor: User, person: User, connection: Connection | None, name: str) -> Seen:
    """What that person may see of an object at all, and the newest records that both of them may see."""
    _asking_refuse(actor, person)
    about = about_find(connection.pk, name) if connection is not None else None
    if connection is None or about is None:
        raise _nothing()
    mine, theirs = Gate(actor), Gate(person)
    own = mine.classes_seen(name)
    if own is None:
        raise _nothing()
    classes = theirs.classes_seen(name)
    seen = Seen(person, "list", f"{connection} · {about.plural}", classes is not None)
    if classes is None:
        seen.reasons.append(_("No grant for %(object)s.") % {"object": str(about.label)})
    for each in about.fields:
        is_open = classes is not None and classes.open(each.field_class)
        shown = "shown" if is_open else hidden_word(about.treatments.get(each.field_class, Treatment.MASK))
        why = "" if is_open else needs_words(about, {}, each.field_class)
        seen.fields.append(
            FieldSeen(each.name, str(each.label), "", shown, own.open(each.field_class), (), why)
        )
    both = visible_records_filter(mine, names=[name]) & visible_records_filter(theirs, names=[name])
    rows = Record.objects.filter(both, connection=connection, object=name).order_by("-pk")[:LIST_ROWS]
    for record in rows:
        scopes = record_scopes(record, about)
        decision = theirs.decide(about, scopes, connection_id=connection.pk)
        limit = mine.decide(about, scopes, connection_id=connection.pk)
        seen.rows.append(RecordView(about, record.data, decision.within(limit)).title or "–")
    if may_any(actor, "view", Grant):
        seen.grants = grants_named([each.id for each in theirs.able(name, Verb.SEE)])
    _asked(actor, seen, "connection", connection.pk)
    return seen


def _message(interaction: Interaction, person: User, decision: Decision) -> Message | None:
    with override(person.language):
        return card_render(interaction, person, decision) if decision.allowed else None


def _explain(
    seen: Seen,
    actor: User,
    data: Mapping[str, Any],
    scopes: Mapping[str, str],
    explained: Explained,
    view: RecordView,
    mine: Decision,
) -> None:
    """The fields, the reasons and, for those who may read grants, the grants that were weighed."""
    assert view.about is not None
    seen.reasons += explained.decision.reasons
    if not explained.decision.allowed:
        seen.reasons.append(needs_words(view.about, scopes, FieldClass.GENERAL))
    reads_grants = may_any(actor, "view", Grant)
    seen.fields = fields_explained(view, data, scopes, explained, mine, reads_grants=reads_grants)
    if reads_grants:
        seen.grants = grants_explained(explained, scopes)


def _asked(actor: User, seen: Seen, kind: str, pk: int) -> None:
    audit_record(actor, "access.asked", seen.person, seen.person.display_name, about=kind, id=pk)
