"""As much of Tryton's JSON-RPC as the connector uses, in memory: rows, domains, dotted fields, purchases.

The shapes are those a Tryton 8.2.1 answered with on 2026-11-22; the real server is played against in
tests/connectors/tryton.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from tests.connectors.contract.peer import Answer, Fault, PeerRequest, answer_json

Row = dict[str, Any]
DATABASE, LOGIN, PASSWORD, TOKEN = "fake", "baton", "pw-93bd1e07", "token-41f6a2c8"
MOMENT = dt.datetime(2026, 11, 22, 8, 0, 0, 123456)
WAREHOUSE, COMPANY, CURRENCY, UNIT, SUPPLIER = 3, 1, 2, 4, 7
RELATIONS = {
    "template": "product.template",
    "product": "product.product",
    "party": "party.party",
    "purchase": "purchase.purchase",
    "location": "stock.location",
    "warehouse": "stock.location",
    "from_location": "stock.location",
    "to_location": "stock.location",
    "company": "company.company",
    "currency": "currency.currency",
    "default_uom": "product.uom",
    "purchase_uom": "product.uom",
    "unit": "product.uom",
    "product_supplier": "purchase.product_supplier",
}
MODES = ("read", "write", "create", "delete")


class FakeTryton:
    """`products` order points, all of one moment. `intercept` may answer instead, by method."""

    def __init__(self, products: int = 25) -> None:
        numbers = range(1, products + 1)
        self._lock = threading.Lock()
        self.intercept: dict[str, Callable[[PeerRequest], Answer | Fault]] = {}
        self.tables: dict[str, list[Row]] = {
            "company.company": [{"id": COMPANY, "party": 6, "rec_name": "Baton Trading"}],
            "currency.currency": [{"id": CURRENCY, "code": "CNY"}],
            "product.uom": [{"id": UNIT, "factor": 1.0, "symbol": "u"}],
            "party.party": [
                {"id": 6, "code": "C-001", "name": "Baton Trading"},
                {"id": SUPPLIER, "code": "S-001", "name": "宏达五金"},
            ],
            "stock.location": [{"id": WAREHOUSE, "code": "WH", "name": "Warehouse", "type": "warehouse"}],
            "stock.move": [],
            "product.template": [{"id": n, "purchase_uom": UNIT} for n in numbers],
            "product.product": [_product(n) for n in numbers],
            "stock.order_point": [_point(n) for n in numbers],
            "purchase.product_supplier": [
                {
                    "id": n,
                    "template": n,
                    "product": n,
                    "company": COMPANY,
                    "party": SUPPLIER,
                    "currency": CURRENCY,
                }
                for n in numbers
            ],
            "purchase.product_supplier.price": [
                {"id": n, "product_supplier": n, "quantity": 0.0, "unit_price": Decimal("4.2000")}
                for n in numbers
            ],
            "purchase.purchase": [],
            "purchase.line": [],
        }

    def answer(self, request: PeerRequest) -> Answer | Fault:
        call = json.loads(request.body, parse_float=Decimal, object_hook=_decoded)
        method, params = call["method"], call["params"]
        if method != "common.server.version" and not method.startswith("common.db."):
            proof = base64.b64encode(f"{LOGIN}:5:{TOKEN}".encode()).decode()
            if request.headers.get("authorization") != f"Session {proof}":
                return Answer(401)
        if method in self.intercept:
            return self.intercept[method](request)
        with self._lock:
            result = self._result(method, params)
        return Answer(401) if result is _REFUSED else answer_json({"id": 0, "result": _encoded(result)})

    def _result(self, method: str, params: list[Any]) -> Any:
        if method == "common.server.version":
            return "8.2"
        if method == "common.db.login":
            return [5, TOKEN, None] if params[:2] == [LOGIN, {"password": PASSWORD}] else _REFUSED
        if method == "common.db.logout":
            return None
        if method == "system.listMethods":
            return [f"model.{model}.search_read" for model in self.tables] + ["model.purchase.purchase.quote"]
        if method == "model.res.user.get_preferences":
            return {"company": COMPANY, "language": "en", "locale": {}}
        if method == "model.ir.model.access.get_access":
            return {model: dict.fromkeys(MODES, 1) for model in params[0]}
        model, _sep, name = method.removeprefix("model.").rpartition(".")
        act: Callable[..., Any] = getattr(self, f"_{name}")
        return act(model, *params[:-1])

    def _search_read(
        self, model: str, domain: list[Any], offset: int, limit: int | None, order: Any, fields: Sequence[str]
    ) -> list[Row]:
        rows = sorted(
            (row for row in self.tables[model] if self._fits(row, domain)), key=lambda row: row["id"]
        )
        return [self._read(row, fields) for row in rows[offset : None if limit is None else offset + limit]]

    def _on_change(self, model: str, values: Row, names: list[str]) -> Row:
        if model == "purchase.purchase":
            return {"invoice_address": 11, "payment_term": None, "invoice_method": "order"}
        return {"unit_price": Decimal("4.2000"), "product_supplier": values["product"], "taxes": {"add": []}}

    def _create(self, model: str, values: list[Row]) -> list[int]:
        purchases, lines = self.tables[model], self.tables["purchase.line"]
        made = {"warehouse": None, **values[0], "state": "draft", "number": None}
        made |= {
            "id": 1 + max((row["id"] for row in purchases), default=0),
            "create_date": MOMENT,
            "write_date": None,
        }
        ((_create, given),) = made["lines"]
        made["lines"] = []
        for line in given:
            identifier = 1 + max((row["id"] for row in lines), default=0)
            stamps = {"create_date": MOMENT, "write_date": None, "purchase": made["id"], "id": identifier}
            lines.append({**line, **stamps})
            made["lines"].append(identifier)
        purchases.append({"currency": CURRENCY, **made})
        return [made["id"]]

    def _quote(self, model: str, identifiers: list[int]) -> None:
        for row in self.tables[model]:
            if row["id"] in identifiers and row["state"] == "draft":
                row |= {"state": "quotation", "number": f"PO-{row['id']:05}", "write_date": MOMENT}

    def _delete(self, model: str, identifiers: list[int]) -> None:
        self.tables[model] = [row for row in self.tables[model] if row["id"] not in identifiers]

    def _fits(self, row: Row, domain: list[Any]) -> bool:
        if domain and domain[0] == "OR":
            return any(self._fits(row, [each]) for each in domain[1:])
        return all(self._clause(row, each) for each in domain)

    def _clause(self, row: Row, clause: list[Any]) -> bool:
        if clause[0] == "OR":
            return self._fits(row, clause)
        path, operator, wanted = clause[:3]
        value = self._value(row, path.split("."))
        if operator in ("in", "child_of"):
            return value in wanted
        if operator in (">", ">="):
            return value is not None and (value > wanted or (operator == ">=" and value == wanted))
        assert operator in ("=", "!="), f"the fake knows no {operator}"
        return bool((value == wanted) == (operator == "="))

    def _value(self, row: Row, path: list[str]) -> Any:
        value = row.get(path[0], True if path[0] == "active" else None)
        if len(path) == 1 or value is None:
            return value
        return self._value(self._related(path[0], value), path[1:])

    def _read(self, row: Row, fields: Sequence[str]) -> Row:
        found: Row = {"id": row["id"]}
        nested: dict[str, list[str]] = {}
        for name in fields:
            first, _sep, rest = name.partition(".")
            if rest:
                nested.setdefault(first, []).append(rest)
            else:
                found[name] = row.get(name)
        for name, below in nested.items():
            value = row.get(name)
            found[f"{name}."] = None if value is None else self._read(self._related(name, value), below)
        return found

    def _related(self, field: str, identifier: int) -> Row:
        return next(row for row in self.tables[RELATIONS[field]] if row["id"] == identifier)


_REFUSED = object()


def _product(number: int) -> Row:
    names = {"id": number, "code": f"P-{number:03}", "name": f"螺栓 {number}", "template": number}
    return {**names, "default_uom": UNIT, "quantity": 12.5, "forecast_quantity": 12.5}


def _point(number: int) -> Row:
    where = {"id": number, "product": number, "location": WAREHOUSE, "company": COMPANY, "type": "purchase"}
    return {**where, "min_quantity": 20.0, "target_quantity": 60.0}


def _encoded(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, dt.datetime):
        names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
        return {"__class__": "datetime", **{name: getattr(value, name) for name in names}}
    if isinstance(value, Mapping):
        return {key: _encoded(each) for key, each in value.items()}
    return [_encoded(each) for each in value] if isinstance(value, list) else value


def _decoded(value: Row) -> Any:
    if value.get("__class__") == "Decimal":
        return Decimal(value["decimal"])
    if value.get("__class__") == "datetime":
        return dt.datetime(**{name: part for name, part in value.items() if name != "__class__"})
    return value
