"""The demo company's ERP: one SQLite file with its own tables, views, validation and people.

Plain Python and sqlite3, no Django: Baton meets it through its views and its inbox only, as it would any other ERP.
"""

from demo.company.catalogue import SHOWCASE
from demo.company.database import CompanyDown, CompanyError, OperationRefused, is_down
from demo.company.operations import (
    PurchaseOrder,
    Receipt,
    Sale,
    StockLevel,
    accept,
    come_back,
    go_down,
    orders,
    receive,
    refusal_reason,
    refuse_next,
    sell,
    stock,
)
from demo.company.seed import company_create

__all__ = [
    "SHOWCASE",
    "CompanyDown",
    "CompanyError",
    "OperationRefused",
    "PurchaseOrder",
    "Receipt",
    "Sale",
    "StockLevel",
    "accept",
    "come_back",
    "company_create",
    "go_down",
    "is_down",
    "orders",
    "receive",
    "refusal_reason",
    "refuse_next",
    "sell",
    "stock",
]
