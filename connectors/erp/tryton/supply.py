"""From whom a product is bought and for how much, as Tryton's purchase module would propose it.

Read on 2026-11-22 in trytond_purchase 8.2.0, product.py: suppliers of the variant come before those of its
template, in their order; of the price lines the last one whose quantity is reached counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.erp.tryton.client import Row, TrytonClient
from connectors.erp.tryton.scope import Scope, code_of

PRICE_DIGITS = Decimal("0.0001")
SEQUENCE = (("sequence", "ASC NULLS FIRST"), ("id", "ASC"))
PRODUCT_FIELDS = (
    "code",
    "name",
    "template",
    "default_uom.factor",
    "default_uom.symbol",
    "template.purchase_uom.factor",
)


@dataclass(frozen=True)
class Offer:
    """`prices` are (least quantity, unit price), both per the product's default unit."""

    supplier_code: str
    supplier_name: str
    currency: str
    prices: tuple[tuple[Decimal, Decimal], ...]

    def unit_price(self, quantity: Decimal) -> Decimal | None:
        reached = [price for least, price in self.prices if least <= quantity]
        return reached[-1] if reached else None


def offers_read(client: TrytonClient, scope: Scope, products: Iterable[Row]) -> Mapping[int, Offer]:
    """Product id → the first offer for it. `products` are rows with PRODUCT_FIELDS."""
    wanted = {row["id"]: row for row in products}
    templates = sorted({row["template."]["id"] for row in wanted.values()})
    if not templates:
        return {}
    suppliers = client.rows(
        "purchase.product_supplier",
        [["template", "in", templates], ["company", "=", scope.company_id]],
        ["template", "product", "party.code", "party.name", "currency.code"],
        order=SEQUENCE,
        context=scope.context,
    )
    prices = _prices_read(client, scope, [row["id"] for row in suppliers])
    offers: dict[int, Offer] = {}
    for product_id, row in wanted.items():
        fitting = [each for each in suppliers if each["product"] == product_id]
        fitting += [
            each
            for each in suppliers
            if each["product"] is None and each["template"] == row["template."]["id"]
        ]
        if fitting:
            offers[product_id] = _offer(fitting[0], prices[fitting[0]["id"]], _units_per_purchase_unit(row))
    return offers


def offer_fields(offer: Offer | None, quantity: Decimal) -> dict[str, Any]:
    """The supplier's part of a raw record; the price is that of `quantity`."""
    if offer is None:
        return {"supplier_code": None, "supplier_name": None, "unit_price": None, "currency": None}
    return {
        "supplier_code": offer.supplier_code,
        "supplier_name": offer.supplier_name,
        "unit_price": offer.unit_price(quantity),
        "currency": offer.currency,
    }


def decimal_of(value: Any) -> Decimal:
    """A number of Tryton's JSON; nothing counts as zero."""
    return value if isinstance(value, Decimal) else Decimal(str(value or 0))


def _prices_read(client: TrytonClient, scope: Scope, suppliers: list[int]) -> Mapping[int, list[Row]]:
    prices: dict[int, list[Row]] = defaultdict(list)
    if suppliers:
        for row in client.rows(
            "purchase.product_supplier.price",
            [["product_supplier", "in", suppliers]],
            ["product_supplier", "quantity", "unit_price"],
            order=SEQUENCE,
            context=scope.context,
        ):
            prices[row["product_supplier"]].append(row)
    return prices


def _units_per_purchase_unit(product: Row) -> Decimal:
    """A carton of twelve: 12. Tryton keeps prices per purchase unit, we show them per default unit."""
    purchase_unit = product["template."].get("purchase_uom.")
    if not purchase_unit or purchase_unit["id"] == product["default_uom."]["id"]:
        return Decimal(1)
    return decimal_of(purchase_unit["factor"]) / (decimal_of(product["default_uom."]["factor"]) or Decimal(1))


def _offer(supplier: Row, prices: list[Row], units: Decimal) -> Offer:
    return Offer(
        code_of(supplier["party."]),
        supplier["party."]["name"] or "",
        supplier["currency."]["code"],
        tuple(
            (
                decimal_of(row["quantity"]) * units,
                row["unit_price"] if units == 1 else (row["unit_price"] / units).quantize(PRICE_DIGITS),
            )
            for row in prices
        ),
    )
