"""Starter pack: a receivable that is not paid some days after it fell due."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.text import Localized
from workflows.blocks import Pack
from workflows.packs.parts import notice, number, past_due, record_rule, var, who
from workflows.shapes import shape_object


def draft(answers: Mapping[str, Any]) -> dict[str, Any]:
    title = Localized(
        "Overdue: {{ record.number }} from {{ record.customer_name }}",
        "逾期应收：{{ record.number }}（{{ record.customer_name }}）",
    )
    fields: list[dict[str, Any]] = [
        {"name": "open_amount", "emphasis": True},
        {"name": "amount"},
        {"name": "customer_code", "with": "customer_name"},
        {"name": "due_on"},
    ]
    condition = {
        "and": [
            {"==": [var("status"), "open"]},
            past_due("due_on", answers["days"]),
            {">=": [var("open_amount"), answers["amount"]]},
        ]
    }
    return record_rule("receivable", condition, [notice(answers["recipients"], title, fields)])


PACK = Pack(
    key="overdue_receivable",
    label=Localized("Overdue receivable", "逾期应收"),
    about=Localized(
        "Tells somebody when an invoice is still open after its due date.",
        "发票过了到期日仍未结清时通知相关人员。",
    ),
    object="receivable",
    fields=("number", "customer_name", "status", "due_on", "open_amount"),
    questions=shape_object(
        days=number(Localized("How many days after the due date?", "到期之后多少天？"), 7),
        amount=number(Localized("From which open amount?", "未收金额达到多少？"), 1000),
        recipients=who("salesperson"),
    ),
    draft=draft,
)
