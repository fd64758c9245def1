"""What the SQL connector says about itself."""

from __future__ import annotations

import datetime as dt

from connectors.ports.manifest import (
    ConnectorKind,
    ErpCapabilities,
    IdempotencyMode,
    Manifest,
    Setting,
    SettingType,
    WriteAction,
)
from kernel.text import Localized as L

CREATE_PURCHASE_ORDER = WriteAction(
    key="create_purchase_order",
    object="purchase_order",
    label=L("Create a purchase order", "创建采购订单"),
    idempotency=IdempotencyMode.NATIVE_KEY,
    required=("product_code", "supplier_code", "quantity", "unit_price"),
    optional=("warehouse", "currency", "reference"),
)
CONFIRM_SALES_ORDER = WriteAction(
    key="confirm_sales_order",
    object="sales_order",
    label=L("Confirm a sales order", "确认销售订单"),
    idempotency=IdempotencyMode.NATIVE_KEY,
    required=("number",),
)

MANIFEST = Manifest(
    key="erp.sql",
    kind=ConnectorKind.ERP,
    label=L("SQL database", "SQL 数据库"),
    summary=L(
        "Any ERP whose database offers agreed read views and a staging table for orders.",
        "任何在数据库中提供约定的只读视图和暂存表的 ERP。",
    ),
    docs_url="https://docs.sqlalchemy.org/en/21/core/engines.html",
    docs_read_on=dt.date(2026, 11, 22),
    settings=(
        Setting(
            "url",
            L("Database address", "数据库地址"),
            help=L(
                "Without the password: postgresql+psycopg://user@host/database, "
                "mysql+pymysql://user@host/database or sqlite:////absolute/path/erp.sqlite3",
                "不含密码：postgresql+psycopg://用户@主机/数据库、mysql+pymysql://用户@主机/数据库，"
                "或 sqlite:////绝对路径/erp.sqlite3",
            ),
        ),
        Setting("password", L("Password", "密码"), required=False, secret=True),
        Setting(
            "time_zone",
            L("Time zone of the database", "数据库所在时区"),
            required=False,
            default="Asia/Shanghai",
            help=L("For times stored without a zone.", "用于未带时区的时间。"),
        ),
        Setting(
            "schema",
            L("Schema", "模式"),
            required=False,
            default="",
            help=L("Empty: the account's own.", "留空：使用账号的默认模式。"),
        ),
        Setting("view_prefix", L("Prefix of the read views", "只读视图前缀"), required=False, default="v_"),
        Setting(
            "staging_table",
            L("Staging table for writing", "写入用暂存表"),
            required=False,
            default="baton_inbox",
        ),
        Setting(
            "write_set",
            L("Fields that may be changed", "允许修改的字段"),
            type=SettingType.TEXTAREA,
            required=False,
            default="",
            help=L(
                "One line a view: v_sales_orders = sales_orders by number: status, due_date. Empty: no table is changed.",
                "每个视图一行：v_sales_orders = sales_orders by number: status, due_date。留空则不修改任何表。",
            ),
        ),
        Setting(
            "updates_table",
            L("Table that remembers changes", "记录修改的表"),
            required=False,
            default="baton_updates",
        ),
    ),
    erp=ErpCapabilities(counts=True, updates=True),
    writes=(CREATE_PURCHASE_ORDER, CONFIRM_SALES_ORDER),
    poll_seconds=15.0,
    limits={
        "connections": "2 per database and process, closed after 60 s without use",
        "statement": "15 s",
        "connect": "5 s",
    },
)
