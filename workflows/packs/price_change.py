"""Starter pack: the purchase price of a product changed by a share or more."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from kernel.text import Localized
from workflows.blocks import Pack
from workflows.definition import FiringPolicy
from workflows.packs.parts import notice, number, record_rule, var, who
from workflows.shapes import shape_object


def _times(percent: Any, sign: int) -> Any:
    """1 ± percent/100 as a JSON number; what is no number stays, so that the rule's check says so."""
    try:
        return float(1 + sign * Decimal(str(percent)) / 100)
    except InvalidOperation:
        return percent


def draft(answers: Mapping[str, Any]) -> dict[str, Any]:
    title = Localized(
        "New purchase price: {{ record.code }} {{ record.name }}",
        "采购价变动：{{ record.code }} {{ record.name }}",
    )
    before = {"var": "before.unit_price"}
    percent = answers["percent"]
    condition = {
        "and": [
            {"changed": "unit_price"},
            {
                "or": [
                    {">=": [var("unit_price"), {"*": [before, _times(percent, 1)]}]},
                    {"<=": [var("unit_price"), {"*": [before, _times(percent, -1)]}]},
                ]
            },
        ]
    }
    fields: list[dict[str, Any]] = [
        {"name": "unit_price", "emphasis": True},
        {"name": "supplier_code"},
        {"name": "buyer"},
    ]
    return record_rule(
        "product",
        condition,
        [notice(answers["recipients"], title, fields)],
        changes=("changed",),
        policy=FiringPolicy.EACH_TIME,
    )


PACK = Pack(
    key="price_change",
    label=Localized("Price change", "价格变动"),
    about=Localized(
        "Tells somebody when a purchase price goes up or down by a share.",
        "采购价涨跌达到一定幅度时通知相关人员。",
    ),
    object="product",
    fields=("code", "name", "unit_price"),
    questions=shape_object(
        percent=number(Localized("By how many percent?", "变动百分之多少？"), 5), recipients=who("buyer")
    ),
    draft=draft,
)
