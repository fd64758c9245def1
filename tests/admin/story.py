"""The story that the admin's pages tell of: a company, its people, one rule, and goods that run low."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.models import Connection
from connectors.services.connections import connection_register
from connectors.services.poll import poll_drain, poll_now
from demo.company import company_create, sell, stock
from messaging.models import Interaction
from messaging.services.answers import AnswerResult, answer_submit
from messaging.services.outbox import deliver_drain
from permissions.models import Grant, Identity, User
from permissions.objects import object_share
from permissions.services.roles import ANALYST, AUDITOR, IT, OWNER, roles_ensure
from workflows.engine.execute import execute_drain
from workflows.engine.plan import plan_drain
from workflows.models import Rule
from workflows.services.rules import rule_create, rule_publish

PASSWORD = "right-and-long"
LOW = {"<": [{"var": "record.on_hand"}, {"var": "record.reorder_level"}]}
STOCK_RULE: dict[str, Any] = {
    "schema": 1,
    "trigger": {"type": "record", "object": "stock_level", "changes": ["created", "changed"]},
    "condition": LOW,
    "firing": {"policy": "becomes_true"},
    "steps": [
        {
            "action": "ask",
            "params": {
                "recipients": [{"type": "record_person", "field": "buyer"}],
                "fallback": [{"type": "rule_owner"}],
                "title": {
                    "en": "{{ record.product_name }} is below its reorder level",
                    "zh-hans": "{{ record.product_name }} 低于再订货点",
                },
                "fields": [
                    {"name": "product_code", "with": "product_name"},
                    {"name": "warehouse"},
                    {"name": "on_hand", "emphasis": True},
                    {"name": "reorder_level"},
                    {"name": "unit_price"},
                ],
                "material": ["product_code", "supplier_code", "unit_price"],
                "precondition": LOW,
                "buttons": [
                    {
                        "key": "create_po",
                        "label": {"en": "Create PO", "zh-hans": "创建采购单"},
                        "style": "primary",
                        "replies": ["order {quantity}", "下单 {quantity}"],
                        "inputs": [
                            {
                                "name": "quantity",
                                "label": {"en": "Quantity", "zh-hans": "数量"},
                                "type": "decimal",
                                "value": {"var": "record.reorder_quantity"},
                                "minimum": "0.001",
                            }
                        ],
                        "then": [
                            {
                                "action": "create_document",
                                "params": {
                                    "write": "create_purchase_order",
                                    "object": "purchase_order",
                                    "values": {
                                        "product_code": {"var": "record.product_code"},
                                        "supplier_code": {"var": "record.supplier_code"},
                                        "quantity": {"input": "quantity"},
                                        "unit_price": {"var": "record.unit_price"},
                                        "warehouse": {"var": "record.warehouse"},
                                    },
                                    "material": ["product_code", "supplier_code", "unit_price"],
                                    "precondition": LOW,
                                },
                            }
                        ],
                    },
                    {"key": "not_now", "label": {"en": "Not now", "zh-hans": "暂不"}, "then": []},
                ],
            },
        }
    ],
}


def person_add(username: str, *roles: str, language: str = "en", **values: Any) -> User:
    groups = roles_ensure()
    user = User.objects.create_user(
        username=username, password=PASSWORD, language=language, is_staff=bool(roles), **values
    )
    user.groups.set([groups[role] for role in roles])
    return user


@dataclass
class Story:
    """Everybody and everything by name."""

    company: Path
    it: User
    analyst: User
    owner: User
    auditor: User
    buyer: User
    stranger: User
    erp: Connection
    inbox: Connection
    rule: Rule

    def poll(self) -> None:
        poll_now(self.erp)
        drain(poll_drain)

    def work(self) -> None:
        """Everything that is due, until nothing is."""
        while sum(drain(each) for each in (plan_drain, execute_drain, deliver_drain)):
            pass

    def item(self) -> Any:
        """A stock level above its reorder level that `buyer` buys."""
        mine = {each.key for each in self.erp.records.filter(object="stock_level", data__buyer="buyer")}
        return next(
            each for each in stock(self.company) if each.on_hand >= each.reorder_level and each.id in mine
        )

    def sell_below(self) -> Any:
        """Sell so much of one item that it falls below its level; let Baton notice and ask."""
        item = self.item()
        sell(self.company, item.product_code, item.warehouse, int(item.on_hand - item.reorder_level) + 1)
        self.poll()
        self.work()
        return item

    def question(self) -> Interaction:
        return Interaction.objects.latest("pk")

    def answer(self, button: str = "create_po", **inputs: Any) -> AnswerResult:
        question = self.question()
        result = answer_submit(question.pk, self.buyer, button, inputs, version=None, channel="im.inbox")
        self.work()
        return result


def drain(once: Callable[[], int]) -> int:
    total = 0
    while found := once():
        total += found
    return total


def story_begin(company: Path) -> Story:
    """Registered, recorded, published; nothing sold yet."""
    company_create(company, today=dt.date(2026, 11, 20))
    it, analyst = person_add("it", IT), person_add("analyst", ANALYST)
    owner, auditor = person_add("owner", OWNER), person_add("auditor", AUDITOR)
    buyer, stranger = person_add("buyer"), person_add("stranger", ANALYST)
    inbox, _report = connection_register(it, name="Inbox", slug="inbox", connector="im.inbox", values={})
    erp, _report = connection_register(
        it,
        name="Demo ERP",
        slug="demo-erp",
        connector="erp.sql",
        values={"url": f"sqlite:///{company}"},
        poll_seconds=1,
    )
    for username, person in (("buyer", buyer),):
        Identity.objects.create(connection=erp, external_id=username, user=person)
    everything = {each: ["*"] for each in ("company", "warehouse", "salesperson", "department", "region")}
    for person, classes in ((buyer, ["cost"]), (analyst, [])):
        Grant.objects.create(
            user=person,
            objects_covered=["stock_level", "purchase_order", "product", "supplier"],
            verbs=["see", "answer"],
            scopes=everything,
            field_classes=classes,
        )
    object_share(it, analyst, erp, "view", "use")
    rule = rule_create(
        analyst,
        key="stock-low",
        name={"en": "Stock below reorder level → ask the buyer", "zh-hans": "库存低于再订货点 → 询问采购员"},
        connection=erp,
        draft=STOCK_RULE,
    )
    rule_publish(analyst, rule)
    story = Story(company, it, analyst, owner, auditor, buyer, stranger, erp, inbox, rule)
    story.poll()
    story.work()
    return story
