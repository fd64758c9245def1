"""What can be read, and how a row becomes a raw record. Every source pages by the id of one model."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.erp.tryton.client import Row, TrytonClient
from connectors.erp.tryton.scope import Scope, code_clause, code_of
from connectors.erp.tryton.supply import PRODUCT_FIELDS, decimal_of, offer_fields, offers_read
from connectors.ports.erp import SourceRecord

Domain = list[Any]


@dataclass(frozen=True)
class Source:
    """`domain` and `fields` select rows of `model`, `build` makes records, `find` is the domain of one key.

    `labels` names the Tryton field whose label describes ours, as "model:field". `changes`: the source is
    read by what changed since, otherwise whole.
    """

    name: str
    model: str
    domain: Callable[[Scope], Domain]
    fields: tuple[str, ...]
    build: Callable[[TrytonClient, Scope, Sequence[Row]], list[SourceRecord]]
    find: Callable[[str], Domain]
    labels: tuple[tuple[str, str], ...]
    changes: tuple[str, ...] = ()


def _points_domain(scope: Scope) -> Domain:
    domain: Domain = [
        ["type", "=", "purchase"],
        ["company", "=", scope.company_id],
        ["product.active", "=", True],
    ]
    return [*domain, ["location", "=", scope.warehouse_id]] if scope.warehouse_id else domain


def _points_build(client: TrytonClient, scope: Scope, rows: Sequence[Row]) -> list[SourceRecord]:
    products = {row["product."]["id"] for row in rows}
    offers = offers_read(client, scope, [row["product."] for row in rows])
    quantities = {
        warehouse: _quantities(client, scope, warehouse, sorted(products))
        for warehouse in sorted({row["location."]["id"] for row in rows})
    }
    return [
        _stock_level(row, quantities[row["location."]["id"]], offers.get(row["product."]["id"]))
        for row in rows
    ]


def _quantities(
    client: TrytonClient, scope: Scope, warehouse: int, products: list[int]
) -> dict[int, tuple[Decimal, Decimal, Decimal]]:
    """Product id → on hand now, forecast of all planned moves, still to come from suppliers.

    All in the product's default unit.

    Tryton sums `quantity` up to today and `forecast_quantity` over everything planned (trytond_stock 8.2.1,
    move.py, read on 2026-11-22).
    """
    context = {**scope.context, "locations": [warehouse], "with_childs": True}
    coming: dict[int, Decimal] = {}
    for move in client.rows(
        "stock.move",
        [
            ["product", "in", products],
            ["company", "=", scope.company_id],
            ["state", "in", ["draft", "assigned"]],
            ["from_location.type", "=", "supplier"],
            ["to_location", "child_of", [warehouse], "parent"],
        ],
        ["product", "internal_quantity"],
        context=scope.context,
    ):
        coming[move["product"]] = coming.get(move["product"], Decimal(0)) + decimal_of(
            move["internal_quantity"]
        )
    found = client.rows(
        "product.product", [["id", "in", products]], ["quantity", "forecast_quantity"], context=context
    )
    return {
        row["id"]: (
            decimal_of(row["quantity"]),
            decimal_of(row["forecast_quantity"]),
            coming.get(row["id"], Decimal(0)),
        )
        for row in found
    }


def _stock_level(
    point: Row, quantities: dict[int, tuple[Decimal, Decimal, Decimal]], offer: Any
) -> SourceRecord:
    product, warehouse = point["product."], point["location."]
    zero = Decimal(0)
    on_hand, projected, incoming = quantities.get(product["id"], (zero, zero, zero))
    level, target = decimal_of(point["min_quantity"]), decimal_of(point["target_quantity"])
    quantity = target - level if target > level else target
    key = f"{code_of(product)}@{code_of(warehouse)}"
    return SourceRecord(
        key,
        {
            "id": key,
            "product_code": code_of(product),
            "product_name": product["name"],
            "warehouse": code_of(warehouse),
            "warehouse_name": warehouse["name"],
            "company": point["company."]["rec_name"],
            "on_hand": on_hand,
            "projected": projected,
            "incoming": incoming,
            "reorder_level": level,
            "target_quantity": target,
            "reorder_quantity": quantity,
            "unit": product["default_uom."]["symbol"],
            **offer_fields(offer, quantity),
        },
    )


def _point_find(key: str) -> Domain:
    product, _sep, warehouse = key.rpartition("@")
    return [code_clause(product, "product."), code_clause(warehouse, "location.")]


def _products_build(client: TrytonClient, scope: Scope, rows: Sequence[Row]) -> list[SourceRecord]:
    offers = offers_read(client, scope, rows)
    return [
        SourceRecord(
            code_of(row),
            {
                "code": code_of(row),
                "name": row["name"],
                "unit": row["default_uom."]["symbol"],
                **offer_fields(offers.get(row["id"]), Decimal(1)),
            },
        )
        for row in rows
    ]


def _parties_build(client: TrytonClient, scope: Scope, rows: Sequence[Row]) -> list[SourceRecord]:
    return [SourceRecord(code_of(row), {"code": code_of(row), "name": row["name"] or ""}) for row in rows]


def _lines_domain(scope: Scope) -> Domain:
    domain: Domain = [
        ["type", "=", "line"],
        ["product", "!=", None],
        ["purchase.number", "!=", None],
        ["purchase.company", "=", scope.company_id],
    ]
    return [*domain, ["purchase.warehouse", "=", scope.warehouse_id]] if scope.warehouse_id else domain


def _lines_build(client: TrytonClient, scope: Scope, rows: Sequence[Row]) -> list[SourceRecord]:
    return [_purchase_line(row) for row in rows]


def _purchase_line(row: Row) -> SourceRecord:
    purchase, product, warehouse = row["purchase."], row["product."], row["purchase."].get("warehouse.")
    changed_at: dt.datetime = max(
        moment
        for moment in (row["write_date"], row["create_date"], purchase["write_date"], purchase["create_date"])
        if moment
    )
    return SourceRecord(
        str(row["id"]),
        {
            "id": str(row["id"]),
            "purchase_id": purchase["id"],
            "number": purchase["number"],
            "reference": purchase["reference"] or "",
            "supplier_code": code_of(purchase["party."]),
            "supplier_name": purchase["party."]["name"] or "",
            "product_code": code_of(product),
            "product_name": product["name"],
            "warehouse": code_of(warehouse) if warehouse else None,
            "quantity": decimal_of(row["quantity"]),
            "unit": row["unit."]["symbol"] if row.get("unit.") else None,
            "unit_price": row["unit_price"],
            "currency": purchase["currency."]["code"],
            "state": purchase["state"],
            "created_at": purchase["create_date"],
            "changed_at": changed_at,
        },
        version=changed_at.isoformat(),
        changed_at=changed_at,
    )


STOCK_LEVEL = Source(
    "stock_level",
    "stock.order_point",
    _points_domain,
    (
        *("min_quantity", "target_quantity", "company.rec_name", "location.code", "location.name"),
        *(f"product.{name}" if name != "template" else "product.template.id" for name in PRODUCT_FIELDS),
    ),
    _points_build,
    _point_find,
    (
        ("id", ""),
        ("product_code", "product.product:code"),
        ("product_name", "product.template:name"),
        ("warehouse", "stock.location:code"),
        ("warehouse_name", "stock.location:name"),
        ("company", "stock.order_point:company"),
        ("on_hand", "product.product:quantity"),
        ("projected", "product.product:forecast_quantity"),
        ("incoming", "stock.move:internal_quantity"),
        ("reorder_level", "stock.order_point:min_quantity"),
        ("target_quantity", "stock.order_point:target_quantity"),
        ("reorder_quantity", ""),
        ("unit", "stock.order_point:unit"),
        ("supplier_code", "party.party:code"),
        ("supplier_name", "party.party:name"),
        ("unit_price", "purchase.product_supplier.price:unit_price"),
        ("currency", "purchase.product_supplier:currency"),
    ),
)
PRODUCT = Source(
    "product",
    "product.product",
    lambda scope: [],
    tuple(name if name != "template" else "template.id" for name in PRODUCT_FIELDS),
    _products_build,
    lambda key: [code_clause(key)],
    (
        ("code", "product.product:code"),
        ("name", "product.template:name"),
        ("unit", "product.template:default_uom"),
        ("supplier_code", "party.party:code"),
        ("supplier_name", "party.party:name"),
        ("unit_price", "purchase.product_supplier.price:unit_price"),
        ("currency", "purchase.product_supplier:currency"),
    ),
)
SUPPLIER = Source(
    "supplier",
    "party.party",
    lambda scope: [],
    ("code", "name"),
    _parties_build,
    lambda key: [code_clause(key)],
    (("code", "party.party:code"), ("name", "party.party:name")),
)
PURCHASE_ORDER = Source(
    "purchase_order",
    "purchase.line",
    _lines_domain,
    (
        *(
            "quantity",
            "unit_price",
            "unit.symbol",
            "create_date",
            "write_date",
            "product.code",
            "product.name",
        ),
        *(f"purchase.{name}" for name in ("number", "reference", "state", "create_date", "write_date")),
        *(f"purchase.{name}" for name in ("party.code", "party.name", "warehouse.code", "currency.code")),
    ),
    _lines_build,
    lambda key: [["id", "=", int(key) if key.isdigit() else -1]],
    (
        ("id", "purchase.line:id"),
        ("purchase_id", "purchase.purchase:id"),
        ("number", "purchase.purchase:number"),
        ("reference", "purchase.purchase:reference"),
        ("supplier_code", "party.party:code"),
        ("supplier_name", "party.party:name"),
        ("product_code", "product.product:code"),
        ("product_name", "product.template:name"),
        ("warehouse", "purchase.purchase:warehouse"),
        ("quantity", "purchase.line:quantity"),
        ("unit", "purchase.line:unit"),
        ("unit_price", "purchase.line:unit_price"),
        ("currency", "purchase.purchase:currency"),
        ("state", "purchase.purchase:state"),
        ("created_at", "purchase.purchase:create_date"),
        ("changed_at", "purchase.purchase:write_date"),
    ),
    changes=("create_date", "write_date", "purchase.create_date", "purchase.write_date"),
)
SOURCES = {source.name: source for source in (STOCK_LEVEL, PRODUCT, SUPPLIER, PURCHASE_ORDER)}
