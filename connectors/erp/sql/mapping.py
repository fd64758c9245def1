"""The agreed views, and the mapping of their columns to dictionary objects as shipped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

_ORDER_CODES = {
    "new": "open",
    **{code: code for code in ("draft", "open", "confirmed", "received", "shipped", "done", "cancelled")},
}


@dataclass(frozen=True)
class AgreedView:
    """A view `<prefix><name>` that holds a dictionary object.

    `renamed`: canonical field → column, where they differ.
    """

    object: str
    name: str
    key: str
    columns: tuple[str, ...]
    renamed: Mapping[str, str] = field(default_factory=dict)
    changed_at: str = ""
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def fields(self) -> dict[str, dict[str, str]]:
        return {name: {"source": name} for name in self.columns} | {
            name: {"source": column} for name, column in self.renamed.items()
        }


AGREED_VIEWS: tuple[AgreedView, ...] = (
    AgreedView(
        "stock_level",
        "stock_levels",
        "id",
        (
            *(
                "product_code",
                "product_name",
                "warehouse",
                "warehouse_name",
                "company",
                "on_hand",
                "reserved",
            ),
            *(
                "incoming",
                "reorder_level",
                "reorder_quantity",
                "supplier_code",
                "supplier_name",
                "unit_price",
            ),
            *("currency", "buyer", "updated_at"),
        ),
        changed_at="updated_at",
    ),
    AgreedView(
        "product", "products", "code", ("code", "name", "supplier_code", "unit_price", "currency", "buyer")
    ),
    AgreedView("supplier", "suppliers", "code", ("code", "name")),
    AgreedView(
        "customer",
        "customers",
        "code",
        ("code", "name", "company", "salesperson", "credit_limit", "currency"),
    ),
    AgreedView(
        "sales_order",
        "sales_orders",
        "number",
        (
            *(
                "number",
                "customer_code",
                "customer_name",
                "company",
                "salesperson",
                "product_code",
                "quantity",
            ),
            *("amount", "currency", "status"),
        ),
        renamed={"ordered_on": "ordered_at", "due_on": "due_date"},
        changed_at="updated_at",
        codes={"status": _ORDER_CODES},
    ),
    AgreedView(
        "purchase_order",
        "purchase_orders",
        "number",
        (
            *("number", "supplier_code", "product_code", "warehouse", "quantity", "unit_price", "currency"),
            *("reference", "status", "created_at"),
        ),
        codes={"status": _ORDER_CODES},
    ),
    AgreedView(
        "receivable",
        "receivables",
        "number",
        (
            "number",
            "customer_code",
            "customer_name",
            "company",
            "salesperson",
            "amount",
            "currency",
            "status",
        ),
        renamed={"open_amount": "balance", "due_on": "due_date"},
        codes={"status": {"open": "open", "partial": "open", "paid": "paid"}},
    ),
    AgreedView("employee", "employees", "code", ("login", "name", "company", "department", "role", "active")),
)


def mapping_default(view_prefix: str, zone: ZoneInfo) -> dict[str, dict[str, Any]]:
    """Dictionary object → mapping definition (connectors/mapping.py) of every agreed view."""
    return {
        view.object: {
            "source": view_prefix + view.name,
            "key": view.key,
            "changed_at": view.changed_at,
            "time_zone": zone.key,
            "fields": view.fields(),
            "codes": {name: dict(codes) for name, codes in view.codes.items()},
        }
        for view in AGREED_VIEWS
    }


_PLAIN = frozenset({str, int, bool, type(None)})


def value_raw(value: Any) -> Any:
    """A driver's value as the port wants it: Decimal instead of float, text for what JSON does not know.

    A float or Decimal that is no number becomes its text, which no mapping takes for a quantity.
    """
    if type(value) in _PLAIN:
        return value
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal):
        return value if value.is_finite() else str(value)
    if value is None or isinstance(value, (bool, int, str, dt.date)):  # a datetime is a date
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    if isinstance(value, (list, tuple)):
        return [value_raw(each) for each in value]
    if isinstance(value, dict):
        return {str(name): value_raw(each) for name, each in value.items()}
    return str(value)


def moment_parse(value: Any, zone: ZoneInfo) -> dt.datetime | None:
    """A driver's value as an aware UTC moment; one without a zone is in `zone`. None: it is no moment."""
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if not isinstance(value, dt.datetime):
        return None
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(dt.UTC)
