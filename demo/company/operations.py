"""What people do in the demo ERP: sell, receive, refuse orders, go down and come back.

Each act is one transaction of its own, under the ERP's own clock (UTC, as SQLite tells it). Every function raises
CompanyDown while the ERP is down and CompanyError when there is no such file.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from demo.company.database import (
    CompanyError,
    OperationRefused,
    company_open,
    is_down,
    path_when_down,
)

_NOW = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"


@dataclass(frozen=True)
class Sale:
    """A sale that was made; quantities in pieces, amount in the company's currency."""

    number: str
    product_code: str
    warehouse: str
    quantity: int
    amount: Decimal
    on_hand_before: Decimal
    on_hand: Decimal
    reorder_level: Decimal

    @property
    def crossed_below(self) -> bool:
        """Whether this very sale took the item below its reorder level."""
        return self.on_hand < self.reorder_level <= self.on_hand_before


@dataclass(frozen=True)
class Receipt:
    """Goods that came in, and the purchase orders they closed."""

    product_code: str
    warehouse: str
    quantity: int
    on_hand: Decimal
    purchase_orders: tuple[str, ...]


@dataclass(frozen=True)
class PurchaseOrder:
    """One row of v_purchase_orders."""

    number: str
    supplier_code: str
    supplier_name: str
    product_code: str
    product_name: str
    product_name_en: str
    warehouse: str | None
    company: str | None
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    currency: str
    reference: str | None
    status: str
    created_at: str


@dataclass(frozen=True)
class StockLevel:
    """One row of v_stock_levels, without what belongs to the supplier."""

    id: str
    product_code: str
    product_name: str
    product_name_en: str
    warehouse: str
    warehouse_name: str
    on_hand: Decimal
    reserved: Decimal
    incoming: Decimal
    reorder_level: Decimal
    reorder_quantity: Decimal
    buyer: str
    updated_at: str


def sell(path: Path, item: str, warehouse: str, quantity: int) -> Sale:
    """Sells `quantity` pieces: stock goes down and a shipped sales order of the warehouse's company appears.

    Raises OperationRefused for a quantity below 1, an item that the warehouse does not keep, or too little stock.
    """
    with _transaction(path) as connection:
        before = _stock_row(connection, item, warehouse, quantity)
        on_hand_before = Decimal(str(before["quantity"]))
        if on_hand_before < quantity:
            raise OperationRefused(
                f"cannot sell {quantity} of {item} from {warehouse}: only {on_hand_before} on hand"
            )
        customer = connection.execute(
            "SELECT c.code, c.company, c.salesperson, c.payment_days FROM customers c"
            " JOIN warehouses w ON w.company = c.company WHERE w.code = ? ORDER BY c.code LIMIT 1",
            (warehouse,),
        ).fetchone()
        if customer is None:
            raise OperationRefused(f"cannot sell from {warehouse}: its company has no customer")
        (price,) = connection.execute(
            "SELECT COALESCE(list_price, unit_price) FROM products WHERE code = ?", (item,)
        ).fetchone()
        (number,) = connection.execute("SELECT number FROM demo_next_numbers WHERE series = 'SO'").fetchone()
        amount = (Decimal(str(price)) * quantity).quantize(Decimal("0.01"))
        _stock_move(connection, item, warehouse, -quantity)
        connection.execute(
            "INSERT INTO sales_orders (number, customer_code, company, warehouse, product_code, quantity, unit_price,"
            " amount, salesperson, status, ordered_at, due_date, updated_at)"
            f" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'shipped', {_NOW}, date('now', ?), {_NOW})",
            (
                number,
                customer["code"],
                customer["company"],
                warehouse,
                item,
                quantity,
                str(price),
                str(amount),
                customer["salesperson"],
                f"+{customer['payment_days']} days",
            ),
        )
    return Sale(
        number=number,
        product_code=item,
        warehouse=warehouse,
        quantity=quantity,
        amount=amount,
        on_hand_before=on_hand_before,
        on_hand=on_hand_before - quantity,
        reorder_level=Decimal(str(before["reorder_level"])),
    )


def receive(path: Path, item: str, warehouse: str, quantity: int) -> Receipt:
    """Takes `quantity` pieces into stock; open purchase orders of the item for this warehouse, or for none in
    particular, become received.

    Raises OperationRefused for a quantity below 1 or an item that the warehouse does not keep.
    """
    with _transaction(path) as connection:
        before = _stock_row(connection, item, warehouse, quantity)
        _stock_move(connection, item, warehouse, quantity)
        closed = connection.execute(
            "UPDATE purchase_orders SET status = 'received' WHERE product_code = ? AND status = 'open'"
            " AND (warehouse = ? OR warehouse IS NULL) RETURNING number",
            (item, warehouse),
        ).fetchall()
    return Receipt(
        product_code=item,
        warehouse=warehouse,
        quantity=quantity,
        on_hand=Decimal(str(before["quantity"])) + quantity,
        purchase_orders=tuple(sorted(number for (number,) in closed)),
    )


def refuse_next(path: Path, reason: str, *, entries: int | None = 1) -> None:
    """The ERP refuses the next `entries` rows of its inbox with this reason (None: every row until `accept`)."""
    if not reason.strip():
        raise OperationRefused("a refusal needs a reason, for example: credit hold")
    if entries is not None and entries < 1:
        raise OperationRefused(f"cannot refuse {entries} entries: say 1 or more, or None for all")
    with _transaction(path) as connection:
        connection.execute(
            "INSERT OR REPLACE INTO demo_switches (name, value, remaining) VALUES ('refuse_orders', ?, ?)",
            (reason.strip(), entries),
        )


def accept(path: Path) -> None:
    """The ERP takes orders again."""
    with _transaction(path) as connection:
        connection.execute("DELETE FROM demo_switches WHERE name = 'refuse_orders'")


def refusal_reason(path: Path) -> str | None:
    """Why the next inbox row will be refused, or None when the ERP takes orders."""
    with company_open(path) as connection:
        row = connection.execute("SELECT value FROM demo_switches WHERE name = 'refuse_orders'").fetchone()
    return None if row is None else str(row["value"])


def go_down(path: Path) -> None:
    """Takes the ERP down once whoever is writing has committed; nothing happens when it is down already.

    A writer that still has the file open cannot write any more: SQLite refuses a file that has moved.
    """
    if is_down(path):
        return
    with company_open(path) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        if is_down(path):  # somebody else took it down while this call waited for the lock
            return
        path.rename(path_when_down(path))
        path.unlink(missing_ok=True)  # the empty database of whoever opened the name this very moment
        path.mkdir()


def come_back(path: Path) -> None:
    """Brings the ERP back with all it had; nothing happens when it is not down.

    Raises CompanyError when another database was put in its place meanwhile.
    """
    if not is_down(path):
        return
    if path.is_dir():
        path.rmdir()
    elif path.exists() and path.stat().st_size:
        raise CompanyError(
            f"cannot bring the demo ERP back: another file took its place at {path}, move it away"
        )
    path_when_down(path).replace(path)


def orders(path: Path) -> list[PurchaseOrder]:
    """All purchase orders, newest first."""
    with company_open(path) as connection:
        rows = connection.execute(
            "SELECT * FROM v_purchase_orders ORDER BY created_at DESC, number DESC"
        ).fetchall()
    return [
        PurchaseOrder(
            **{
                **dict(row),
                "quantity": Decimal(str(row["quantity"])),
                "unit_price": Decimal(str(row["unit_price"])),
                "amount": Decimal(row["amount"]),
            }
        )
        for row in rows
    ]


def stock(path: Path) -> list[StockLevel]:
    """All stock levels by product and warehouse; quantities in pieces."""
    columns = ", ".join(StockLevel.__dataclass_fields__)
    numeric = ("on_hand", "reserved", "incoming", "reorder_level", "reorder_quantity")
    with company_open(path) as connection:
        rows = connection.execute(f"SELECT {columns} FROM v_stock_levels ORDER BY id").fetchall()
    return [
        StockLevel(**{**dict(row), **{name: Decimal(str(row[name])) for name in numeric}}) for row in rows
    ]


@contextmanager
def _transaction(path: Path) -> Iterator[sqlite3.Connection]:
    with company_open(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.execute("COMMIT")


def _stock_row(connection: sqlite3.Connection, item: str, warehouse: str, quantity: int) -> sqlite3.Row:
    if quantity < 1:
        raise OperationRefused(f"the quantity must be a whole number above 0, not {quantity}")
    row: sqlite3.Row | None = connection.execute(
        "SELECT quantity, reorder_level FROM stock WHERE product_code = ? AND warehouse = ?",
        (item, warehouse),
    ).fetchone()
    if row is None:
        raise OperationRefused(f"{item} is not kept in warehouse {warehouse}: see the stock list for what is")
    return row


def _stock_move(connection: sqlite3.Connection, item: str, warehouse: str, pieces: int) -> None:
    connection.execute(
        f"UPDATE stock SET quantity = quantity + ?, updated_at = {_NOW} WHERE product_code = ? AND warehouse = ?",
        (pieces, item, warehouse),
    )
