"""Starter pack: a sales order that is not delivered some days after its due date."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.text import Localized
from workflows.blocks import Pack
from workflows.packs.parts import notice, number, past_due, record_rule, var, who
from workflows.shapes import shape_object


def draft(answers: Mapping[str, Any]) -> dict[str, Any]:
    title = Localized(
        "Late: order {{ record.number }} for {{ record.customer_name }}",
        "交货逾期：订单 {{ record.number }}（{{ record.customer_name }}）",
    )
    fields: list[dict[str, Any]] = [
        {"name": "due_on", "emphasis": True},
        {"name": "customer_code", "with": "customer_name"},
        {"name": "product_code"},
        {"name": "quantity"},
        {"name": "status"},
    ]
    condition = {"and": [{"in": [var("status"), ["open", "confirmed"]]}, past_due("due_on", answers["days"])]}
    return record_rule("sales_order", condition, [notice(answers["recipients"], title, fields)])


PACK = Pack(
    key="delivery_late",
    label=Localized("Delivery late", "交货逾期"),
    about=Localized(
        "Tells somebody when a sales order is still open after its due date.",
        "销售订单过了交货日期仍未发货时通知相关人员。",
    ),
    object="sales_order",
    fields=("number", "customer_name", "status", "due_on"),
    questions=shape_object(
        days=number(Localized("How many days after the due date?", "交货日期之后多少天？"), 0),
        recipients=who("salesperson"),
    ),
    draft=draft,
)
