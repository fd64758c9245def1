"""The demo company's rules, as definitions (schema 1)."""

from __future__ import annotations

from typing import Any

STOCK_KEY = "stock-below-reorder-level"
STOCK_NAME = {"en": "Stock below reorder level → ask the buyer", "zh-hans": "库存低于再订货点 → 询问采购员"}

MATERIAL = ["product_code", "supplier_code", "unit_price"]
PRECONDITION: list[dict[str, Any]] = [
    {
        "check": {"<": [{"var": "record.on_hand"}, {"var": "record.reorder_level"}]},
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

STOCK_RULE: dict[str, Any] = {
    "schema": 1,
    "trigger": {"type": "record", "object": "stock_level", "changes": ["created", "changed"]},
    "condition": {"<": [{"var": "record.on_hand"}, {"var": "record.reorder_level"}]},
    "firing": {"policy": "becomes_true", "cooldown_seconds": 0},
    "steps": [
        {
            "action": "ask",
            "params": {
                "channels": ["inbox"],
                "recipients": [{"type": "record_person", "field": "buyer"}],
                "fallback": [{"type": "rule_owner"}],
                "title": {
                    "en": "Low stock: {{ record.product_name }} ({{ record.warehouse_name }})",
                    "zh-hans": "库存不足：{{ record.product_name }}（{{ record.warehouse_name }}）",
                },
                "fields": [
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
                ],
                "material": MATERIAL,
                "precondition": PRECONDITION,
                "expires_seconds": 7 * 24 * 3600,
                "buttons": [
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
                ],
            },
        }
    ],
}
