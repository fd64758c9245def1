"""The demo company's people: who they are in Baton, and what they may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from permissions.services.roles import ANALYST, AUDITOR, IT, OWNER, STAFF

BUYERS, WAREHOUSE, SALES, FINANCE, APPROVERS = "Buyers", "Warehouse", "Sales", "Finance", "Approvers"


@dataclass(frozen=True)
class Person:
    """`login` is the name in Baton and in the ERP; `last` the family name."""

    login: str
    first: str
    last: str
    groups: tuple[str, ...]
    is_staff: bool = False


PEOPLE = (
    Person("it", "Wei", "Chen", (IT,), True),
    Person("analyst", "Min", "Zhao", (ANALYST,), True),
    Person("owner", "Jing", "Sun", (OWNER,), True),
    Person("auditor", "Hua", "Qian", (AUDITOR,), True),
    Person("buyer", "Wei", "Li", (STAFF, BUYERS)),
    Person("buyer2", "Fang", "Wang", (STAFF, BUYERS)),
    Person("warehouse", "Lei", "Zhou", (STAFF, WAREHOUSE)),
    Person("sales", "Na", "Wu", (STAFF, SALES)),
    Person("sales2", "Tao", "Zheng", (STAFF, SALES)),
    Person("finance", "Mei", "Xu", (STAFF, FINANCE)),
    Person("approver", "Gang", "He", (STAFF, APPROVERS)),
)

EVERYWHERE = {
    name: ["*"] for name in ("company", "warehouse", "salesperson", "department", "region", "supplier_group")
}

GRANTS: dict[str, list[dict[str, Any]]] = {
    BUYERS: [
        {
            "objects_covered": ["stock_level", "product", "supplier", "purchase_order"],
            "verbs": ["see", "answer"],
            "scopes": {"warehouse": ["*"]},
            "field_classes": ["cost"],
            "note": "Buyers keep all warehouses",
        }
    ],
    WAREHOUSE: [
        {
            "objects_covered": ["stock_level"],
            "verbs": ["see"],
            "scopes": {"warehouse": ["EAST"]},
            "note": "East only",
        }
    ],
    SALES: [
        {
            "objects_covered": ["customer", "sales_order", "receivable"],
            "verbs": ["see", "answer"],
            "scopes": {"company": ["*"], "salesperson": ["@own"]},
            "note": "Their own customers",
        }
    ],
    FINANCE: [
        {
            "objects_covered": ["customer", "sales_order", "receivable"],
            "verbs": ["see"],
            "scopes": {"company": ["HX01"], "salesperson": ["*"]},
            "field_classes": ["credit", "cost"],
            "note": "Ledger HX01",
        }
    ],
    APPROVERS: [
        {
            "objects_covered": ["purchase_order", "stock_level"],
            "verbs": ["see", "answer", "approve"],
            "scopes": {"warehouse": ["*"]},
            "field_classes": ["cost"],
            "note": "All warehouses",
        }
    ],
    ANALYST: [
        {
            "objects_covered": ["*"],
            "verbs": ["see"],
            "scopes": EVERYWHERE,
            "field_classes": ["cost"],
            "note": "What the rules they build may use",
        }
    ],
    OWNER: [
        {
            "objects_covered": ["*"],
            "verbs": ["see", "export"],
            "scopes": EVERYWHERE,
            "field_classes": ["*"],
            "note": "Data owners",
        }
    ],
    AUDITOR: [
        {
            "objects_covered": ["*"],
            "verbs": ["see"],
            "scopes": EVERYWHERE,
            "field_classes": ["*"],
            "note": "Auditors read everything recorded",
        }
    ],
}
