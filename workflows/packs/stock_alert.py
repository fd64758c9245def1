"""Starter pack: who buys an item is asked to order it when its stock falls below its reorder level."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.text import Localized
from workflows.blocks import Pack
from workflows.packs.parts import OWNER, notice, record_rule, var, who
from workflows.shapes import shape, shape_object

BELOW = {"<": [var("on_hand"), var("reorder_level")]}
TITLE = Localized(
    "Low stock: {{ record.product_name }} ({{ record.warehouse_name }})",
    "库存不足：{{ record.product_name }}（{{ record.warehouse_name }}）",
)
FIELDS: list[dict[str, Any]] = [
    {"name": "product_code", "with": "product_name"},
    {"name": "warehouse", "with": "warehouse_name"},
    {"name": "on_hand", "emphasis": True},
    {"name": "reorder_level"},
    {"name": "incoming"},
    {"name": "supplier_code", "with": "supplier_name"},
    {"name": "unit_price"},
    {
        "name": "reorder_quantity",
        "label": {"en": "Suggested quantity", "zh-hans": "建议数量"},
    },
]
MATERIAL = ["product_code", "supplier_code", "unit_price"]
PRECONDITION: list[dict[str, Any]] = [
    {
        "check": BELOW,
        "text": {
            "en": "The stock is no longer below its reorder level. Nothing was ordered.",
            "zh-hans": "库存已不低于再订货点，没有下单。",
        },
    },
    {
        "check": {"<=": [{"var": "record.incoming"}, {"var": "shown.incoming"}]},
        "text": {
            "en": "Somebody has ordered this item meanwhile (more is incoming). Nothing was ordered.",
            "zh-hans": "已有人为该物料下单（在途增加），没有重复下单。",
        },
    },
]
BUTTONS: list[dict[str, Any]] = [
    {
        "key": "create_po",
        "label": {"en": "Create PO", "zh-hans": "创建采购订单"},
        "style": "primary",
        "replies": ["order {quantity}", "下单 {quantity}", "order", "下单"],
        "inputs": [
            {
                "name": "quantity",
                "label": {"en": "Quantity", "zh-hans": "数量"},
                "type": "decimal",
                "value": {"var": "record.reorder_quantity"},
                "minimum": "0.001",
                "maximum": "1000000",
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
                        "warehouse": {"var": "record.warehouse"},
                        "unit_price": {"var": "record.unit_price"},
                        "currency": {"var": "record.currency"},
                        "quantity": {"input": "quantity"},
                    },
                    "material": MATERIAL,
                    "precondition": PRECONDITION,
                    "done": {
                        "en": "{number} created by {person} at {at}",
                        "zh-hans": "{person} 于 {at} 创建了 {number}",
                    },
                },
            }
        ],
    },
    {
        "key": "not_now",
        "label": {"en": "Not now", "zh-hans": "暂不处理"},
        "replies": ["not now", "later", "暂不", "不用"],
        "then": [],
    },
]


def draft(answers: Mapping[str, Any]) -> dict[str, Any]:
    if not answers["order"]:
        return record_rule("stock_level", BELOW, [notice(answers["recipients"], TITLE, FIELDS)])
    question = {
        "channels": ["inbox"],
        "recipients": answers["recipients"],
        "fallback": OWNER,
        "title": TITLE.as_json(),
        "fields": FIELDS,
        "material": MATERIAL,
        "precondition": PRECONDITION,
        "expires_seconds": 7 * 24 * 3600,
        "buttons": BUTTONS,
    }
    return record_rule("stock_level", BELOW, [{"action": "ask", "params": question}])


PACK = Pack(
    key="stock_alert",
    label=Localized("Stock alert", "库存预警"),
    about=Localized(
        "Asks somebody to order an item that falls below its reorder level.",
        "物料低于再订货点时询问相关人员是否下单。",
    ),
    object="stock_level",
    fields=("product_code", "warehouse", "on_hand", "reorder_level"),
    questions=shape_object(
        recipients=who("buyer", Localized("Who is asked?", "询问谁？")),
        order=shape(
            "boolean",
            Localized("With a button that creates the order?", "是否带创建订单的按钮？"),
            default=True,
        ),
    ),
    draft=draft,
)
