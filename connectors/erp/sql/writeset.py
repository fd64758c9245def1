"""Which fields of which tables may be changed, as the administrator wrote it down. Nothing else ever is.

    v_sales_orders = sales_orders by number: status, due_date
    v_stock_levels = stock by product_code@warehouse: reorder_level, reorder_quantity=lot_size

A line names a view, the table behind it, the columns that make up its key (joined by "@" as in the view's key), and the
columns that may be changed. `view_column=table_column` where they are called differently.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from kernel.errors import ConfigError

NAME = r"[A-Za-z_\u4e00-\u9fff][\w\u4e00-\u9fff$]{0,62}"
LINE = re.compile(rf"({NAME})\s*=\s*({NAME})\s+by\s+({NAME}(?:@{NAME})*)\s*:\s*(.+)")
COLUMN = re.compile(rf"({NAME})(?:\s*=\s*({NAME}))?")


@dataclass(frozen=True)
class Writable:
    """One table that may be changed. `columns` is view column → table column."""

    table: str
    keys: tuple[str, ...]
    columns: Mapping[str, str]


def write_set_parse(text: str) -> dict[str, Writable]:
    """View → what may be changed behind it. Raises ConfigError with the line that cannot be read."""
    found: dict[str, Writable] = {}
    for line in text.replace("：", ":").replace("，", ",").splitlines():
        if not line.strip():
            continue
        match = LINE.fullmatch(line.strip())
        columns = [COLUMN.fullmatch(each.strip()) for each in match[4].split(",")] if match else [None]
        if match is None or None in columns or match[1] in found:
            raise ConfigError(
                _(
                    "“%(line)s” cannot be read. Write one line a view: v_sales_orders = sales_orders by number: status, due_date"
                )
                % {"line": line.strip()[:120]}
            )
        pairs = {each[1]: each[2] or each[1] for each in columns if each is not None}
        keys = tuple(match[3].split("@"))
        if set(keys) & set(pairs.values()):
            raise ConfigError(_("“%(line)s”: a key is never changed.") % {"line": line.strip()[:120]})
        found[match[1]] = Writable(match[2], keys, pairs)
    return found
