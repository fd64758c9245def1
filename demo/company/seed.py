"""The demo company's first day: the same rows for the same `today`, on every machine.

Quantities come from a hash, not from `random`, whose sequences may differ between Python versions.
"""

import os
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from hashlib import sha256
from pathlib import Path

from demo.company.catalogue import (
    BELOW_LEVEL,
    COMPANIES,
    CUSTOMERS,
    EMPLOYEES,
    OPEN_PURCHASES,
    SHOWCASE,
    SHOWCASE_ON_HAND,
    SUPPLIERS,
    WAREHOUSES,
    Product,
    Supplier,
)
from demo.company.database import CompanyError, is_down

SALES_ORDERS = 200
CLOSED_PURCHASES = 30
DAYS = 90
CENT = Decimal("0.01")
CNY_PER_UNIT = {"CNY": Decimal(1), "EUR": Decimal("7.80")}
MARK_UP = Decimal("1.40")

_ITEMS: tuple[tuple[Supplier, Product], ...] = tuple(
    (supplier, product) for supplier in SUPPLIERS for product in supplier.products
)


def company_create(path: Path, *, today: date) -> None:
    """Creates the demo company's SQLite file at `path`, whole or not at all.

    All history lies in the DAYS days before `today`. Raises CompanyError when the file already exists (also when
    the company is down).
    """
    if path.exists() or is_down(path):
        raise CompanyError(f"there is already a demo ERP at {path}: delete it first to start anew")
    handle, name = tempfile.mkstemp(prefix=path.name + ".", suffix=".new", dir=path.parent)
    os.close(handle)
    draft = Path(name)
    try:
        _draft_write(draft, today)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _draft_write(draft: Path, today: date) -> None:
    connection = sqlite3.connect(draft, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA foreign_keys = ON")
        schema = "".join(
            (Path(__file__).parent / name).read_text(encoding="utf-8")
            for name in ("schema.sql", "views.sql", "inbox.sql")
        )
        connection.executescript("BEGIN;" + schema)
        _master_data_write(connection)
        _stock_write(connection, today)
        _sales_write(connection, today)
        _purchases_write(connection, today)
        connection.execute("COMMIT")
    finally:
        connection.close()


def _master_data_write(connection: sqlite3.Connection) -> None:
    _insert(connection, "companies", ("code", "name", "name_en", "currency"), COMPANIES)
    _insert(connection, "warehouses", ("code", "name", "name_en", "company"), (row[:4] for row in WAREHOUSES))
    employee = ("login", "name", "name_en", "company", "department", "role")
    _insert(connection, "employees", employee, EMPLOYEES)
    customer = ("code", "name", "name_en", "company", "salesperson", "payment_days", "credit_limit")
    _insert(connection, "customers", customer, CUSTOMERS)
    _insert(connection, "suppliers", ("code", "name", "name_en", "currency"), (row[:4] for row in SUPPLIERS))
    _insert(
        connection,
        "products",
        ("code", "name", "name_en", "supplier_code", "unit_price", "buyer", "list_price"),
        (
            (
                product.code,
                product.name,
                product.name_en,
                supplier.code,
                product.unit_price,
                supplier.buyer,
                str(_list_price(supplier, product)),
            )
            for supplier, product in _ITEMS
        ),
    )


def _stock_write(connection: sqlite3.Connection, today: date) -> None:
    rows = []
    for _supplier, product in _ITEMS:
        for warehouse in WAREHOUSES:
            place = (product.code, warehouse.code)
            level = max(1, product.reorder_level * warehouse.level_percent // 100)
            above = level + max(1, level * (20 + _spread("stock", *place, size=160)) // 100)
            on_hand = SHOWCASE_ON_HAND if place == SHOWCASE[:2] else BELOW_LEVEL.get(place, above)
            counted_at = _moment(today, 1 + _spread("counted", *place, size=10), *place)
            rows.append((*place, on_hand, level, product.reorder_quantity, counted_at))
    columns = ("product_code", "warehouse", "quantity", "reorder_level", "reorder_quantity", "updated_at")
    _insert(connection, "stock", columns, rows)


def _sales_write(connection: sqlite3.Connection, today: date) -> None:
    """The sales orders of the last DAYS days, evenly spread, and one invoice for each that was shipped 10 days ago."""
    orders = []
    invoices = []
    numbers: Counter[str] = Counter()
    for index in range(SALES_ORDERS):
        days_ago = DAYS - index * DAYS // SALES_ORDERS
        supplier, product = _ITEMS[_spread("item", index, size=len(_ITEMS))]
        customer = CUSTOMERS[_spread("customer", index, size=len(CUSTOMERS))]
        places = [warehouse for warehouse in WAREHOUSES if warehouse.company == customer.company]
        place = places[_spread("place", index, size=len(places))]
        level = max(8, product.reorder_level * place.level_percent // 100)
        quantity = 1 + _spread("quantity", index, size=level // 8)
        price = _list_price(supplier, product)
        amount = price * quantity
        status = _sales_status(index, days_ago)
        number = _number(numbers, "SO", today - timedelta(days=days_ago))
        orders.append(
            (
                number,
                customer.code,
                customer.company,
                place.code,
                product.code,
                quantity,
                str(price),
                str(amount),
                customer.salesperson,
                status,
                _moment(today, days_ago, number),
                str(today - timedelta(days=days_ago - 14)),
                _moment(today, max(1, days_ago - 3 if status == "shipped" else days_ago), number),
            )
        )
        if status == "shipped" and days_ago >= 10:
            due_in_days = customer.payment_days - (days_ago - 4)
            settled = _settled(index, due_in_days)
            invoices.append(
                (
                    number.replace("SO-", "AR-"),
                    customer.code,
                    customer.company,
                    number,
                    str(amount),
                    str((amount * settled / 2).quantize(CENT, ROUND_HALF_UP)),
                    str(today - timedelta(days=days_ago - 4)),
                    str(today + timedelta(days=due_in_days)),
                    ("open", "partial", "paid")[settled],
                )
            )
    columns = (
        *(
            "number",
            "customer_code",
            "company",
            "warehouse",
            "product_code",
            "quantity",
            "unit_price",
            "amount",
        ),
        *("salesperson", "status", "ordered_at", "due_date", "updated_at"),
    )
    _insert(connection, "sales_orders", columns, orders)
    invoice = (
        *("number", "customer_code", "company", "sales_order", "amount", "paid"),
        *("invoiced_on", "due_date", "status"),
    )
    _insert(connection, "receivables", invoice, invoices)


def _sales_status(index: int, days_ago: int) -> str:
    if _spread("cancelled", index, size=25) == 0:
        return "cancelled"
    if days_ago > 12:
        return "shipped"
    return ("new", "confirmed", "shipped")[_spread("status", index, size=3)]


def _settled(index: int, due_in_days: int) -> int:
    """How many halves of an invoice are paid: usually both once it is long due, seldom any before."""
    chance = _spread("settled", index, size=10)
    if due_in_days < -15:
        return 2 if chance < 8 else chance - 8
    return 2 if chance < 2 else int(chance == 2)


def _purchases_write(connection: sqlite3.Connection, today: date) -> None:
    of_code = {product.code: (supplier, product) for supplier, product in _ITEMS}
    planned: list[tuple[int, str, str | None, int, str]] = [
        (days_ago, code, warehouse, quantity, "open")
        for code, warehouse, quantity, days_ago in OPEN_PURCHASES
    ]
    for index in range(CLOSED_PURCHASES):
        product = _ITEMS[_spread("bought", index, size=len(_ITEMS))][1]
        warehouse_code = WAREHOUSES[_spread("into", index, size=len(WAREHOUSES))].code
        status = "cancelled" if index % 12 == 7 else "received"
        days_ago = DAYS - index * (DAYS - 12) // CLOSED_PURCHASES
        planned.append((days_ago, product.code, warehouse_code, product.reorder_quantity, status))
    rows = []
    numbers: Counter[str] = Counter()
    for days_ago, code, warehouse, quantity, status in sorted(planned, key=lambda order: -order[0]):
        supplier, product = of_code[code]
        number = _number(numbers, "PO", today - timedelta(days=days_ago))
        reference = number.replace("PO-", "REQ-")
        created_at = _moment(today, days_ago, number)
        rows.append(
            (
                number,
                supplier.code,
                code,
                quantity,
                product.unit_price,
                reference,
                status,
                created_at,
                warehouse,
            )
        )
    columns = (
        *("number", "supplier_code", "product_code", "quantity", "unit_price"),
        *("reference", "status", "created_at", "warehouse"),
    )
    _insert(connection, "purchase_orders", columns, rows)


def _insert(
    connection: sqlite3.Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    marks = ", ".join("?" for _column in columns)
    connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)


def _list_price(supplier: Supplier, product: Product) -> Decimal:
    """The selling price of one piece in CNY."""
    price = Decimal(product.unit_price) * CNY_PER_UNIT[supplier.currency] * MARK_UP
    return price.quantize(CENT, ROUND_HALF_UP)


def _number(numbers: Counter[str], series: str, day: date) -> str:
    prefix = f"{series}-{day.year}"
    numbers[prefix] += 1
    return f"{prefix}-{numbers[prefix]:05d}"


def _moment(today: date, days_ago: int, *seed: object) -> str:
    """A moment within that day's working hours (08:00 to 17:59 in China), as UTC text."""
    minute = _spread("minute", *seed, size=600)
    return f"{today - timedelta(days=days_ago)}T{minute // 60:02d}:{minute % 60:02d}:00.000Z"


def _spread(*seed: object, size: int) -> int:
    """A number from 0 to size - 1 that depends on the seed only."""
    digest = sha256(":".join(map(str, seed)).encode()).digest()
    return int.from_bytes(digest[:8], "big") % size
