"""The company in Baton's rows: what a case says is done with the product's own services."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.auth.models import Group

from connectors.im.inbox.connector import InboxConnector
from connectors.services.connections import mapping_save
from connectors.services.extensions import extension_save
from kernel import clock
from messaging.models import Delivery, Interaction, InteractionState
from messaging.services.answers import answer_submit
from permissions.models import Grant, User
from permissions.objects import object_share
from permissions.services.roles import AUDITOR, IT, roles_ensure
from tests.leaks.cases import ASKED, PEOPLE, Act, Case, Granted
from tests.leaks.oracle import Leak, Oracle, State, Withheld
from tests.workflows.engine.source import MAPPING, Source

LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
CARD: dict[str, Any] = {
    "recipients": [{"type": "role", "group": "Asked"}],
    "title": "Low: {{ record.product_code }} at {{ record.unit_price }}",
    "body": "{{ record.unit_price | append: '!' }}",
    "fields": [{"name": "on_hand"}, {"name": "unit_price"}, {"name": "product_code", "with": "unit_price"}],
    "buttons": [
        {
            "key": "buy",
            "label": "Buy",
            "replies": ["buy {price} {total}"],
            "inputs": [
                {"name": "price", "type": "decimal", "value": {"var": "record.unit_price"}},
                {"name": "total", "type": "decimal",
                 "value": {"*": [{"var": "record.on_hand"}, {"var": "record.unit_price"}]}},
            ],
            "then": [],
        },
        {"key": "no", "label": "No", "then": []},
    ],
}  # fmt: skip


def digits(text: str) -> str:
    """Without what a format puts between digits."""
    return re.sub(r"[,.\s]", "", text)


class Company:
    """Laid once; each case plays in a transaction that is rolled back."""

    def __init__(self) -> None:
        groups = roles_ensure()
        source = self.source = Source()
        mapping = {**MAPPING, "key": "sku", "fields": {**MAPPING["fields"], "company": {"source": "company"}}}
        mapping_save(None, source.connection, "stock_level", mapping, channel="hook")
        extension_save(None, source.connection, "stock_level", {"needs": ["company", "warehouse"]})
        Grant.objects.update(scopes={"company": ["*"], "warehouse": ["*"]})
        self.owners_grant = Grant.objects.get().pk
        self.rule = source.rule(params=CARD)
        self.rule.draft = self.rule.current.definition  # type: ignore[union-attr]
        self.rule.save(update_fields=["draft"])
        self.people = {
            login: User.objects.create_user(login, language="en", time_zone="UTC", is_staff=login not in ("ann", "bob"))
            for login in PEOPLE
        }  # fmt: skip
        self.role = Group.objects.create(name="Asked")
        self.role.user_set.set([self.people[each] for each in ASKED])
        self.people["audit"].groups.add(groups[AUDITOR])
        self.people["ida"].groups.add(groups[IT])
        object_share(None, self.people["vera"], self.rule, "view")
        object_share(None, self.people["vera"], source.connection, "view", "use")
        self.oracle = Oracle([])
        self.grants: list[Grant] = []
        self.told: list[Leak] = []

    def begin(self, case: Case) -> None:
        self.oracle, self.told = Oracle(list(case.grants)), []
        self.grants = [self._granted(each) for each in case.grants]

    def _granted(self, granted: Granted) -> Grant:
        holder = {"group": self.role} if granted.holder == "Asked" else {"user": self.people[granted.holder]}
        scopes = {"company": list(granted.companies), "warehouse": list(granted.warehouses)}
        return Grant.objects.create(
            **holder,
            objects_covered=["stock_level"],
            verbs=list(granted.verbs),
            scopes=scopes,
            field_classes=list(granted.classes),
            valid_from=LONG_AGO,
            valid_until=self._past() if granted.expired else None,
        )

    @staticmethod
    def _past() -> dt.datetime:
        return clock.now() - dt.timedelta(seconds=1)

    def act(self, act: Act) -> None:
        getattr(self, f"_{act.what}")(act)

    def _post(self, act: Act) -> None:
        """High, then low: the rule fires once more for the item, with a price of this state.

        What a posted item leaves out stays as it was: only an item that never had a company has none.
        """
        earlier = [each for each in self.oracle.states if each.item == act.item]
        company = act.company or (earlier[-1].company if earlier else "")
        for quantity in (120, 50):
            state = State(len(self.oracle.states), act.item, company, act.warehouse)
            self.oracle.states.append(state)
            place = {"warehouse": state.warehouse, **({"company": state.company} if state.company else {})}
            item = self.source.item(quantity, **place, price=state.price)
            self.source.post({**item, "sku": state.sku})
            self.source.plan()

    def _work(self, act: Act) -> None:
        before = Interaction.objects.count()
        self.source.work()
        for leak in self.told:
            raise leak
        if Interaction.objects.count() > before and not self.oracle.owner_sees:
            raise Leak("the rule told what its owner may not see")

    def _expire(self, act: Act) -> None:
        if act.number < len(self.grants):
            Grant.objects.filter(pk=self.grants[act.number].pk).update(valid_until=self._past())
            self.oracle.grants[act.number] = None

    def _revoke(self, act: Act) -> None:
        if act.number < len(self.grants):
            Grant.objects.filter(pk=self.grants[act.number].pk).delete()
            self.oracle.grants[act.number] = None

    def _leave(self, act: Act) -> None:
        User.objects.filter(username=act.who).update(is_active=False)
        self.oracle.active.discard(act.who)

    def _out(self, act: Act) -> None:
        self.role.user_set.remove(self.people[act.who])
        self.oracle.asked.discard(act.who)

    def _owner_out(self, act: Act) -> None:
        Grant.objects.filter(pk=self.owners_grant).delete()
        self.oracle.owner_sees = False

    def _answer(self, act: Act) -> None:
        """Taken if and only if this person was asked and may answer now."""
        question = Interaction.objects.filter(state=InteractionState.OPEN).order_by("-pk").first()
        if question is None:
            return
        person = self.people[act.who]
        was_asked = Delivery.objects.filter(interaction=question, user=person).exists()
        state = self.oracle.latest(self.item_of(question))
        allowed = was_asked and self.oracle.answers(act.who, state)
        taken = answer_submit(question.pk, person, "no", {}, version=None, channel="im.inbox").taken
        if taken and not allowed:
            raise Leak(f"{act.who} answered what they may not answer")
        if allowed and not taken:
            raise Withheld(f"{act.who} could not answer")

    def item_of(self, question: Interaction) -> int:
        return next(
            each.item for each in self.oracle.states if each.sku == question.card["data"]["product_code"]
        )

    def state_of(self, data: Mapping[str, Any]) -> State:
        return next(each for each in self.oracle.states if each.price == data["unit_price"])

    def shown(self, login: str, where: str, text: str, *, told: bool = False) -> str:
        """Every text somebody gets comes by here. Returns its digits."""
        found = digits(text)
        for secret in self.oracle.forbidden(login, told=told):
            if secret in found:
                raise Leak(f"{login} was shown {secret} on {where}")
        return found


def messenger_watch(company: Company) -> Callable[[], None]:
    """What the outbox sends is looked at as it leaves. Returns what ends the watch."""
    send, update = InboxConnector.send, InboxConnector.update

    def told(address: str, payload: Mapping[str, Any]) -> None:
        try:
            company.shown(address, "a message", str(payload), told=True)
        except Leak as leak:  # the outbox would take it for a defect of ours and try again
            company.told.append(leak)

    def sent(self: InboxConnector, address: str, payload: Mapping[str, Any], **options: Any) -> Any:
        told(address, payload)
        return send(self, address, payload, **options)

    def updated(
        self: InboxConnector, address: str, vendor_message_id: str, payload: Mapping[str, Any], **options: Any
    ) -> Any:
        told(address, payload)
        return update(self, address, vendor_message_id, payload, **options)

    InboxConnector.send, InboxConnector.update = sent, updated  # type: ignore[method-assign]

    def end() -> None:
        InboxConnector.send, InboxConnector.update = send, update  # type: ignore[method-assign]

    return end
