"""Starter pack: a sales order at or above an amount is told of, also when it grows beyond it later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.text import Localized
from workflows.blocks import Pack
from workflows.packs.parts import notice, number, record_rule, var, who
from workflows.shapes import shape_object


def draft(answers: Mapping[str, Any]) -> dict[str, Any]:
    title = Localized(
        "Large order {{ record.number }}: {{ record.customer_name }}",
        "大额订单 {{ record.number }}：{{ record.customer_name }}",
    )
    fields: list[dict[str, Any]] = [
        {"name": "amount", "emphasis": True},
        {"name": "customer_code", "with": "customer_name"},
        {"name": "product_code"},
        {"name": "quantity"},
        {"name": "salesperson"},
    ]
    condition = {">=": [var("amount"), answers["amount"]]}
    return record_rule("sales_order", condition, [notice(answers["recipients"], title, fields)])


PACK = Pack(
    key="large_order",
    label=Localized("Large order", "大额订单"),
    about=Localized(
        "Tells somebody when a sales order reaches an amount.", "销售订单达到一定金额时通知相关人员。"
    ),
    object="sales_order",
    fields=("number", "customer_name", "amount"),
    questions=shape_object(
        amount=number(Localized("From which amount?", "金额达到多少？"), 50000), recipients=who("salesperson")
    ),
    draft=draft,
)
