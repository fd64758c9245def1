"""Creating a purchase once: found again by its reference, which carries the idempotency key.

Tryton has no unique constraint on the reference. What keeps a repeated write from happening twice is the
protocol of `_survivor`: a draft becomes a quotation only after its maker has looked whether there is another
purchase with the same reference; a purchase with a number, else the lowest id, survives and every other draft
is removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from connectors.erp.tryton.client import Row, TrytonClient
from connectors.erp.tryton.codec import quantity_encode
from connectors.erp.tryton.reader import record_read
from connectors.erp.tryton.scope import WAREHOUSE, Scope, code_clause
from connectors.erp.tryton.sources import PURCHASE_ORDER
from connectors.ports.erp import Raw, WriteOutcome, WriteResult
from kernel.errors import (
    AuthFailed,
    Conflict,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Rejected,
    Transient,
)

MODEL, LINE = "purchase.purchase", "purchase.line"
PREFIX = "BATON-"
HEADER_FIELDS = ("invoice_address", "payment_term", "invoice_method", "currency")
ROUNDS = 3


def purchase_perform(client: TrytonClient, scope: Scope, params: Raw, key: str) -> WriteResult:
    """Make the purchase and quote it, or give the one made earlier with this key.

    Raises Rejected when a code is unknown or Tryton refuses (its draft is removed again), OutcomeUnknown once
    anything may have been written, Transient only before that.
    """
    reference = PREFIX + key
    found = purchase_lookup(client, scope, key)
    if found is not None:
        return found
    values = _values(client, scope, params, reference)
    (own,) = client.call(MODEL, "create", [values], context=scope.context, write=True)
    return _uncertain(lambda: _finish(client, scope, reference, own=own))


def purchase_lookup(client: TrytonClient, scope: Scope, key: str) -> WriteResult | None:
    """The purchase with this key, or None. A draft left by an interrupted attempt is quoted first."""
    reference = PREFIX + key
    if not _purchases(client, scope, reference):
        return None
    return _uncertain(lambda: _finish(client, scope, reference, own=None))


def _uncertain(act: Any) -> WriteResult:
    """From the first write on, "not now" no longer means "nothing happened"."""
    try:
        result: WriteResult = act()
    except (Transient, RateLimited, Conflict, AuthFailed) as error:
        raise OutcomeUnknown(error.message) from error
    return result


def _finish(client: TrytonClient, scope: Scope, reference: str, *, own: int | None) -> WriteResult:
    survivor = _survivor(client, scope, reference)
    if survivor["state"] == "draft" and not survivor["number"]:
        if own is not None and survivor["id"] != own:
            raise OutcomeUnknown(_("The same order is being made by another attempt."))
        _quote(client, scope, reference, survivor["id"])
    return _read_back(client, scope, survivor["id"], already=survivor["id"] != own)


def _survivor(client: TrytonClient, scope: Scope, reference: str) -> Row:
    for _round in range(ROUNDS):
        purchases = _purchases(client, scope, reference)
        if not purchases:
            raise OutcomeUnknown(_("The purchase has disappeared from Tryton."))
        survivor = next((each for each in purchases if each["number"]), purchases[0])
        others = [each for each in purchases if each is not survivor and _is_fresh(each)]
        if not others:
            return survivor
        try:
            client.call(MODEL, "delete", [each["id"] for each in others], context=scope.context, write=True)
        except Rejected:
            continue  # Another attempt has removed or quoted one of them: look again.
    raise OutcomeUnknown(_("The same order is being made by another attempt."))


def _is_fresh(purchase: Row) -> bool:
    return purchase["state"] == "draft" and not purchase["number"]


def _quote(client: TrytonClient, scope: Scope, reference: str, purchase: int) -> None:
    try:
        client.call(MODEL, "quote", [purchase], context=scope.context, write=True)
    except (Rejected, PermissionDenied) as refusal:
        if any(each["id"] == purchase and _is_fresh(each) for each in _purchases(client, scope, reference)):
            client.call(MODEL, "delete", [purchase], context=scope.context, write=True)
        if _purchases(client, scope, reference):
            raise OutcomeUnknown(_("The same order is being made by another attempt.")) from refusal
        raise


def _purchases(client: TrytonClient, scope: Scope, reference: str) -> list[Row]:
    return client.rows(MODEL, [["reference", "=", reference]], ["number", "state"], context=scope.context)


def _read_back(client: TrytonClient, scope: Scope, purchase: int, *, already: bool) -> WriteResult:
    """The first line of the purchase (ours has one) and the purchase's number."""
    ((line, number),) = [
        (row["lines"][0] if row["lines"] else None, row["number"])
        for row in client.rows(MODEL, [["id", "=", purchase]], ["number", "lines"], context=scope.context)
    ]
    record = record_read(client, Scope(scope.company_id, None, scope.context), PURCHASE_ORDER, str(line))
    return WriteResult(
        WriteOutcome.DONE,
        key=record.key if record else "",
        number=number or "",
        record=record.data if record else {},
        already=already,
    )


def _values(client: TrytonClient, scope: Scope, params: Raw, reference: str) -> dict[str, Any]:
    """What Tryton's own client would send: its on_change methods are asked, for create does not run them."""
    quantity = _number(params.get("quantity"), _("quantity"))
    price = _number(params["unit_price"], _("unit price")) if params.get("unit_price") is not None else None
    if quantity <= 0:
        raise Rejected(_("The quantity must be greater than zero."))
    product = _one(client, "product.product", params.get("product_code"), _("product"), ["default_uom"])
    party = _one(client, "party.party", params.get("supplier_code"), _("supplier"))
    header = client.call(
        MODEL,
        "on_change",
        {"company": scope.company_id, "party": party["id"], "lines": []},
        ["party"],
        context=scope.context,
    )
    values: dict[str, Any] = {name: header[name] for name in HEADER_FIELDS if header.get(name) is not None}
    values |= {
        "company": scope.company_id,
        "party": party["id"],
        "reference": reference,
        "description": params.get("reference") or None,
    }
    if params.get("currency"):
        values["currency"] = _one(client, "currency.currency", params["currency"], _("currency"))["id"]
    if params.get("warehouse") or scope.warehouse_id:
        values["warehouse"] = _warehouse(client, scope, params.get("warehouse"))
    line = _line(client, scope, purchase=values, product=product, quantity=quantity, price=price)
    return {**values, "lines": [["create", [line]]]}


def _line(
    client: TrytonClient,
    scope: Scope,
    *,
    purchase: Mapping[str, Any],
    product: Row,
    quantity: Decimal,
    price: Decimal | None,
) -> dict[str, Any]:
    try:
        number = quantity_encode(quantity)
    except ValueError as error:
        raise Rejected(str(error)) from None
    given = {"type": "line", "product": product["id"], "quantity": number, "unit": product["default_uom"]}
    parent = {
        f"_parent_purchase.{name}": purchase[name]
        for name in ("company", "party", "currency")
        if name in purchase
    }
    asked = {"purchase": -1, "company": scope.company_id, **parent, **given}
    changed = client.call(LINE, "on_change", asked, ["product"], context=scope.context)
    unit_price = price if price is not None else changed.get("unit_price")
    if unit_price is None:
        raise Rejected(_("Tryton has no purchase price for this product. Enter one."))
    taxes = [tax["id"] for _position, tax in (changed.get("taxes") or {}).get("add", [])]
    line = {**given, "unit_price": unit_price, "product_supplier": changed.get("product_supplier")}
    return {**line, "taxes": [["add", taxes]]} if taxes else line


def _one(
    client: TrytonClient, model: str, code: Any, what: str, fields: tuple[str, ...] | list[str] = ()
) -> Row:
    rows = client.rows(model, [code_clause(str(code or ""))], ["code", *fields], limit=2)
    if len(rows) != 1:
        text = _("Tryton has no %(what)s with the code “%(code)s”.")
        if rows:
            text = _("Tryton has more than one %(what)s with the code “%(code)s”.")
        raise Rejected(text % {"what": what, "code": code or ""})
    return rows[0]


def _warehouse(client: TrytonClient, scope: Scope, code: Any) -> int:
    if not code and scope.warehouse_id:
        return scope.warehouse_id
    rows = client.rows("stock.location", [list(WAREHOUSE), code_clause(str(code))], ["code"], limit=2)
    if len(rows) != 1 or scope.warehouse_id not in (None, rows[0]["id"]):
        raise Rejected(_("This connection may not order for the warehouse “%(code)s”.") % {"code": code})
    return int(rows[0]["id"])


def _number(value: Any, what: str) -> Decimal:
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise Rejected(_("The %(what)s must be a number.") % {"what": what})
    return number
