"""Items of the demo ERP to play with, each given out once, so that no test meets another's card."""

from __future__ import annotations

from dataclasses import dataclass

from demo.company import SHOWCASE, sell
from tests.running import RunningDemo


@dataclass(frozen=True)
class Goods:
    """A stock level above its reorder level with nothing incoming; quantities in pieces, the price in yuan."""

    product_code: str
    product_name: str
    warehouse: str
    warehouse_name: str
    on_hand: int
    reorder_level: int
    reorder_quantity: int
    supplier_code: str
    supplier_name: str
    unit_price: str
    buyer: str

    @property
    def crossing(self) -> int:
        """How many to sell so that one piece too few is left."""
        return self.on_hand - self.reorder_level + 1

    @property
    def left(self) -> int:
        return self.reorder_level - 1


class Shelf:
    def __init__(self, demo: RunningDemo) -> None:
        self.demo = demo
        columns = ", ".join(Goods.__dataclass_fields__)
        rows = demo.erp_rows(
            f"SELECT {columns} FROM v_stock_levels WHERE on_hand >= reorder_level AND incoming = 0"
            " AND currency = 'CNY' AND product_code <> ? ORDER BY id DESC",
            SHOWCASE[0],
        )
        # One warehouse of each item, so that an item's code names one card.
        self.rows = list(
            {row["product_code"]: row for row in rows if len(row["unit_price"].split(".")[1]) == 2}.values()
        )

    def take(self, buyer: str = "buyer") -> Goods:
        """The next item of this buyer that nobody has played with."""
        row = next(each for each in self.rows if each["buyer"] == buyer)
        self.rows.remove(row)
        return Goods(**row)

    def sell(self, goods: Goods) -> None:
        sale = sell(self.demo.erp, goods.product_code, goods.warehouse, goods.crossing)
        assert sale.crossed_below and sale.on_hand == goods.left
