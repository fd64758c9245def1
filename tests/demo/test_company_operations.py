import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from threading import Barrier, Event, Thread

import pytest

from demo.company import (
    SHOWCASE,
    CompanyDown,
    CompanyError,
    OperationRefused,
    accept,
    come_back,
    go_down,
    is_down,
    orders,
    receive,
    refusal_reason,
    refuse_next,
    sell,
    stock,
)
from tests.demo.rows import inbox_write, rows_read

OPERATIONS: list[Callable[[Path], object]] = [
    lambda path: sell(path, *SHOWCASE),
    lambda path: receive(path, *SHOWCASE),
    lambda path: refuse_next(path, "credit hold"),
    accept,
    refusal_reason,
    orders,
    stock,
]


def on_hand(path: Path) -> Decimal:
    (level,) = [level for level in stock(path) if level.id == "BLT-M6-20@EAST"]
    return level.on_hand


def test_a_sale_takes_the_showcase_item_below_its_level(company: Path) -> None:
    ((counted_at,),) = rows_read(company, "SELECT updated_at FROM v_stock_levels WHERE id = 'BLT-M6-20@EAST'")
    sale = sell(company, *SHOWCASE)
    assert (sale.quantity, sale.amount) == (20, Decimal("9.80"))
    assert (sale.on_hand_before, sale.on_hand, sale.reorder_level) == (
        Decimal(112),
        Decimal(92),
        Decimal(100),
    )
    assert sale.crossed_below
    assert on_hand(company) == Decimal(92)
    ((sold_at,),) = rows_read(company, "SELECT updated_at FROM v_stock_levels WHERE id = 'BLT-M6-20@EAST'")
    assert sold_at > counted_at
    assert sale.number == f"SO-{sold_at[:4]}-00001"
    assert rows_read(
        company,
        "SELECT customer_code, company, warehouse, product_code, quantity, amount, currency, salesperson, status"
        " FROM v_sales_orders WHERE number = ?",
        sale.number,
    ) == [("C001", "HX01", "EAST", "BLT-M6-20", 20, "9.80", "CNY", "sales", "shipped")]
    again = sell(company, *SHOWCASE)
    assert (again.number[-5:], again.on_hand, again.crossed_below) == ("00002", Decimal(72), False)


def test_the_last_piece_can_be_sold_but_not_one_more(company: Path) -> None:
    with pytest.raises(OperationRefused, match="cannot sell 113 of BLT-M6-20 from EAST: only 112 on hand"):
        sell(company, "BLT-M6-20", "EAST", 113)
    assert on_hand(company) == Decimal(112)
    assert rows_read(company, "SELECT COUNT(*) FROM sales_orders") == [(200,)]
    assert sell(company, "BLT-M6-20", "EAST", 112).on_hand == Decimal(0)


@pytest.mark.parametrize("act", [sell, receive])
@pytest.mark.parametrize(
    ("item", "warehouse", "quantity", "message"),
    [
        ("NOPE", "EAST", 1, "NOPE is not kept in warehouse EAST: see the stock list for what is"),
        ("BLT-M6-20", "MOON", 1, "BLT-M6-20 is not kept in warehouse MOON: see the stock list for what is"),
        ("BLT-M6-20", "EAST", 0, "the quantity must be a whole number above 0, not 0"),
        ("BLT-M6-20", "EAST", -20, "the quantity must be a whole number above 0, not -20"),
    ],
)
def test_a_senseless_act_changes_nothing(
    company: Path,
    act: Callable[[Path, str, str, int], object],
    item: str,
    warehouse: str,
    quantity: int,
    message: str,
) -> None:
    before = stock(company)
    with pytest.raises(OperationRefused) as refused:
        act(company, item, warehouse, quantity)
    assert str(refused.value) == message
    assert stock(company) == before
    assert rows_read(company, "SELECT COUNT(*) FROM sales_orders") == [(200,)]


def test_goods_that_come_in_close_the_orders_for_them(company: Path) -> None:
    order = {"supplier_code": "S001", "product_code": "BLT-M6-20", "quantity": 200, "unit_price": "0.35"}
    here = inbox_write(company, "k1", "purchase_order", {**order, "warehouse": "EAST"})[1]
    anywhere = inbox_write(company, "k2", "purchase_order", order)[1]
    elsewhere = inbox_write(company, "k3", "purchase_order", {**order, "warehouse": "WEST"})[1]
    sell(company, *SHOWCASE)
    receipt = receive(company, "BLT-M6-20", "EAST", 200)
    assert (receipt.on_hand, receipt.purchase_orders) == (Decimal(292), (here, anywhere))
    assert on_hand(company) == Decimal(292)
    status = {order.number: order.status for order in orders(company)[:3]}
    assert status == {here: "received", anywhere: "received", elsewhere: "open"}
    incoming = {
        level.warehouse: level.incoming for level in stock(company) if level.product_code == "BLT-M6-20"
    }
    assert incoming == {"EAST": Decimal(0), "WEST": Decimal(200), "NORTH": Decimal(0)}


def test_buyers_at_the_same_moment_never_sell_more_than_there_is(company: Path) -> None:
    together = Barrier(8)
    refused: list[str] = []

    def customer() -> None:
        together.wait()
        try:
            sell(company, "BLT-M6-20", "EAST", 20)
        except OperationRefused as error:
            refused.append(str(error))

    threads = [Thread(target=customer) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["cannot sell 20 of BLT-M6-20 from EAST: only 12 on hand"] * 3
    assert on_hand(company) == Decimal(12)
    assert rows_read(company, "SELECT COUNT(*), COUNT(DISTINCT number) FROM sales_orders") == [(205, 205)]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_nothing_works_while_the_erp_is_down(company: Path, operation: Callable[[Path], object]) -> None:
    go_down(company)
    with pytest.raises(CompanyDown, match=r"the demo ERP demo-erp\.sqlite3 is down: bring it back first"):
        operation(company)
    come_back(company)
    operation(company)


def test_whoever_opens_the_file_while_it_is_down_gets_an_error_and_no_empty_database(company: Path) -> None:
    go_down(company)
    go_down(company)
    assert is_down(company)
    for _attempt in range(2):
        with pytest.raises(sqlite3.OperationalError, match="unable to open database file"):
            sqlite3.connect(company).execute("SELECT COUNT(*) FROM stock")
    come_back(company)
    come_back(company)
    assert not is_down(company)
    assert [path.name for path in company.parent.iterdir()] == ["demo-erp.sqlite3"]
    assert rows_read(company, "SELECT COUNT(*) FROM stock") == [(192,)]


def test_another_file_in_its_place_is_not_overwritten(company: Path) -> None:
    go_down(company)
    company.rmdir()
    company.write_bytes(b"somebody's work")
    with pytest.raises(CompanyError, match="another file took its place"):
        come_back(company)
    assert is_down(company)
    assert company.read_bytes() == b"somebody's work"


def test_an_empty_file_in_its_place_is(company: Path) -> None:
    go_down(company)
    company.rmdir()
    company.touch()
    come_back(company)
    assert rows_read(company, "SELECT COUNT(*) FROM stock") == [(192,)]


def test_a_writer_with_the_file_open_cannot_write_once_it_is_down(company: Path) -> None:
    early = sqlite3.connect(company)
    assert early.execute("SELECT COUNT(*) FROM stock").fetchall() == [(192,)]
    go_down(company)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        early.execute("UPDATE stock SET quantity = 0")
    early.close()
    come_back(company)
    assert on_hand(company) == Decimal(112)


def test_going_down_waits_for_whoever_is_writing(company: Path) -> None:
    writer = sqlite3.connect(company, isolation_level=None, check_same_thread=False)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE stock SET quantity = 77 WHERE product_code = 'BLT-M6-20' AND warehouse = 'EAST'")
    closing = Thread(target=go_down, args=(company,))
    closing.start()
    assert not is_down(company)
    writer.execute("COMMIT")
    writer.close()
    closing.join(timeout=30)
    assert is_down(company)
    come_back(company)
    assert on_hand(company) == Decimal(77)


def test_no_sale_is_lost_or_doubled_while_the_erp_goes_down_and_comes_back(company: Path) -> None:
    stop = Event()

    def seller() -> list[str]:
        numbers = []
        while not stop.wait(0.001):
            try:
                numbers.append(sell(company, "NUT-M6", "EAST", 1).number)
            except CompanyDown:
                continue
        return numbers

    def left() -> int:
        ((quantity,),) = rows_read(
            company, "SELECT quantity FROM stock WHERE product_code = 'NUT-M6' AND warehouse = 'EAST'"
        )
        return int(quantity)

    receive(company, "NUT-M6", "EAST", 1_000_000)
    start = left()
    sold = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        sellers = [pool.submit(seller) for _number in range(2)]
        try:
            for _time in range(15):
                go_down(company)
                with pytest.raises(CompanyDown):
                    sell(company, "NUT-M6", "EAST", 1)
                come_back(company)
                sold.append(sell(company, "NUT-M6", "EAST", 1).number)
        finally:
            stop.set()
        for future in sellers:
            sold += future.result(timeout=60)
    assert len(set(sold)) == len(sold) >= 15
    assert start - left() == len(sold)
    assert rows_read(company, "SELECT COUNT(*) FROM sales_orders") == [(200 + len(sold),)]
    assert rows_read(company, "PRAGMA integrity_check") == [("ok",)]


def test_a_missing_erp_is_named_and_not_created(tmp_path: Path) -> None:
    missing = tmp_path / "demo-erp.sqlite3"
    with pytest.raises(CompanyError, match=r"there is no demo ERP at .*demo-erp\.sqlite3: create it"):
        sell(missing, *SHOWCASE)
    with pytest.raises(CompanyError, match="there is no demo ERP at"):
        go_down(missing)
    assert list(tmp_path.iterdir()) == []


def test_an_erp_that_stays_locked_says_so(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.company.database.BUSY_TIMEOUT_SECONDS", 0.05)
    holder = sqlite3.connect(company, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(CompanyError, match=r"the demo ERP demo-erp\.sqlite3 is busy"):
        go_down(company)
    holder.close()
    assert not is_down(company)
    assert on_hand(company) == Decimal(112)
