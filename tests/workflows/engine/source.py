"""A small source of events for tests: it posts stock levels, a person is asked in the inbox."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from connectors.intake.store import Received, received_store
from connectors.models import Connection, Event, Record
from connectors.services.connections import connection_register, mapping_save
from kernel import doorbell
from kernel.generation import generation_bump
from permissions.models import Grant, User
from workflows.definition import definition_read
from workflows.engine.compiled import GENERATION
from workflows.engine.plan import plan_drain
from workflows.engine.schedules import schedule_set
from workflows.models import Rule, RuleState, RuleVersion, Run

BELOW: dict[str, Any] = {"<": [{"var": "record.on_hand"}, {"var": "record.reorder_level"}]}
MAPPING: dict[str, Any] = {
    "key": ["sku", "warehouse"],
    "fields": {
        "product_code": {"source": "sku"},
        "warehouse": {"source": "warehouse"},
        "on_hand": {"source": "qty"},
        "reorder_level": {"source": "level"},
        "unit_price": {"source": "price"},
    },
    "event": {"id": "id", "version": "v", "occurred_at": "ts", "change_path": "change"},
}


def asking(**params: Any) -> dict[str, Any]:
    """The step that asks."""
    return {
        "action": "ask",
        "params": {
            "channels": ["inbox"],
            "recipients": [{"type": "user", "username": "li"}],
            "title": "Low: {{ record.product_code }}",
            "fields": [{"name": "on_hand"}],
            "buttons": [{"key": "ok", "label": "OK", "then": []}],
            **params,
        },
    }


def telling(title: str) -> dict[str, Any]:
    """A step that tells."""
    params = {"channels": ["inbox"], "recipients": [{"type": "user", "username": "li"}], "title": title}
    return {"action": "send", "params": params}


LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
"""Rights that hold at whatever moment a test stops the clock."""


FLOW = ("plan", "execute", "deliver", "reply", "expire")


def flow_due() -> list[str]:
    """The queues of the one flow in which something is due; timers come round whenever they do."""
    return [queue.name for queue in doorbell.queues() if queue.name in FLOW and queue.is_due()]


class Source:
    """One inbound connection, one person who may see everything, and the rules a test makes."""

    def __init__(self) -> None:
        self.connection = self._connection("source", "erp.webhook")
        self.inbox = self._connection("inbox", "im.inbox")
        mapping_save(None, self.connection, "stock_level", MAPPING, channel="hook")
        self.person = User.objects.create_user("li", password="x", language="en", time_zone="UTC")
        Grant.objects.create(
            user=self.person,
            objects_covered=["*"],
            verbs=["see", "answer"],
            scopes={"warehouse": ["*"]},
            field_classes=["*"],
            valid_from=LONG_AGO,
        )
        self._posted = 0

    @staticmethod
    def _connection(slug: str, connector: str) -> Connection:
        registered, _report = connection_register(
            None, name=slug, slug=slug, connector=connector, values={}, checked=False
        )
        return registered

    def item(self, qty: Any, **values: Any) -> dict[str, Any]:
        self._posted += 1
        return {
            "id": f"e{self._posted}",
            "sku": "A",
            "warehouse": "EAST",
            "qty": qty,
            "level": 100,
            "change": "changed",
            **values,
        }

    def post(self, *items: Any) -> dict[str, Any]:
        received = Received(self.connection.pk, list(items))
        received_store([received])
        return received.answer()

    def tell(self, *quantities: Any, **values: Any) -> None:
        """Post the states one after the other and plan each before the next."""
        for quantity in quantities:
            self.post(self.item(quantity, **values))
            self.plan()

    def rule(
        self,
        condition: Any = BELOW,
        *,
        key: str = "below",
        firing: Mapping[str, Any] | None = None,
        changes: list[str] | None = None,
        params: Mapping[str, Any] | None = None,
        steps: list[dict[str, Any]] | None = None,
        trigger: Mapping[str, Any] | None = None,
    ) -> Rule:
        """A live rule that does `steps`; without them it asks, as `params` say."""
        definition = definition_read(
            {
                "schema": 1,
                "trigger": {
                    "type": "record",
                    "object": "stock_level",
                    **({"changes": changes} if changes else {}),
                    **(trigger or {}),
                },
                "condition": condition,
                "firing": firing or {"policy": "becomes_true"},
                "steps": steps or [asking(**(params or {}))],
            }
        )
        rule = Rule.objects.create(
            key=key,
            name={"en": key},
            connection=self.connection,
            object=definition.trigger.object,
            owner=self.person,
        )
        version = RuleVersion.objects.create(rule=rule, number=1, definition=dict(definition.raw))
        rule.current, rule.state = version, RuleState.LIVE
        rule.save()
        with transaction.atomic():
            schedule_set(rule)
            generation_bump(GENERATION)
        return rule

    @staticmethod
    def plan() -> int:
        total = 0
        while ended := plan_drain():
            total += ended
        return total

    @staticmethod
    def work() -> int:
        return doorbell.drain_all()

    @staticmethod
    def fired() -> list[str]:
        """What was on hand at each crossing, in the order of the runs."""
        return [
            run.event.after["on_hand"]
            for run in Run.objects.select_related("event").order_by("id")
            if run.event.after
        ]

    @staticmethod
    def held() -> list[str]:
        """Why the newest event's rules did not fire."""
        return [each["held"] for each in Event.objects.latest("id").verdicts]

    def record(self, key: str = "A@EAST") -> Record:
        return Record.objects.get(connection=self.connection, object="stock_level", key=key)
