"""Starter pack: whoever should know of a new sales order is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.text import Localized
from workflows.blocks import Pack
from workflows.definition import FiringPolicy
from workflows.packs.parts import notice, record_rule, who
from workflows.shapes import shape_object


def draft(answers: Mapping[str, Any]) -> dict[str, Any]:
    title = Localized(
        "New order {{ record.number }} from {{ record.customer_name }}",
        "新订单 {{ record.number }}：{{ record.customer_name }}",
    )
    fields: list[dict[str, Any]] = [
        {"name": "customer_code", "with": "customer_name"},
        {"name": "product_code"},
        {"name": "quantity"},
        {"name": "amount", "emphasis": True},
        {"name": "due_on"},
    ]
    return record_rule(
        "sales_order",
        True,
        [notice(answers["recipients"], title, fields)],
        changes=("created",),
        policy=FiringPolicy.EACH_TIME,
    )


PACK = Pack(
    key="order_notice",
    label=Localized("Order notice", "新订单通知"),
    about=Localized("Tells somebody of every new sales order.", "每有新的销售订单就通知相关人员。"),
    object="sales_order",
    fields=("number", "customer_code", "customer_name", "amount", "due_on"),
    questions=shape_object(recipients=who("salesperson")),
    draft=draft,
)
