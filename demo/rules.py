"""The demo company's rules, as definitions (schema 1)."""

from __future__ import annotations

from typing import Any

from workflows.catalog import PACKS
from workflows.packs.parts import defaults

STOCK_KEY = "stock-below-reorder-level"
STOCK_NAME = {"en": "Stock below reorder level → ask the buyer", "zh-hans": "库存低于再订货点 → 询问采购员"}

_STOCK = PACKS.get("stock_alert")
STOCK_RULE: dict[str, Any] = _STOCK.draft(defaults(_STOCK.questions))
