"""What the Tryton connector says about itself."""

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
    idempotency=IdempotencyMode.SEARCH_FIRST,
    required=("product_code", "supplier_code", "quantity"),
    optional=("unit_price", "warehouse", "currency", "reference"),
)

MANIFEST = Manifest(
    key="erp.tryton",
    kind=ConnectorKind.ERP,
    label=L("Tryton", "Tryton"),
    summary=L(
        "Tryton 8 over its JSON-RPC: stock against order points, purchases up to the quotation.",
        "通过 JSON-RPC 连接 Tryton 8：库存与订货点、采购订单（至报价状态）。",
    ),
    docs_url="https://docs.tryton.org/8.2/",
    docs_read_on=dt.date(2026, 11, 22),
    settings=(
        Setting(
            "url",
            L("Server address", "服务器地址"),
            SettingType.URL,
            help=L(
                "With its path if a proxy adds one, without the database: https://erp.example.com",
                "如代理添加了路径请一并填写，不含数据库名：https://erp.example.com",
            ),
        ),
        Setting("database", L("Database", "数据库")),
        Setting(
            "username",
            L("User name", "用户名"),
            help=L(
                "A user of its own with the groups Stock and Purchase.",
                "请使用单独的用户，并加入“库存”和“采购”组。",
            ),
        ),
        Setting("password", L("Password", "密码"), secret=True),
        Setting(
            "company",
            L("Company", "公司"),
            required=False,
            default="",
            help=L(
                "The name of its party. Empty: the current company of the user.",
                "公司的名称。留空：该用户的当前公司。",
            ),
        ),
        Setting(
            "warehouse",
            L("Warehouse", "仓库"),
            required=False,
            default="",
            help=L(
                "The code of the only warehouse to read and to order for. Empty: all of them.",
                "仅读取并订货的仓库编码。留空：全部仓库。",
            ),
        ),
    ),
    erp=ErpCapabilities(counts=True),
    writes=(CREATE_PURCHASE_ORDER,),
    poll_seconds=15.0,
    limits={"requests": "one at a time per connection", "session": "300 s idle, renewed by itself"},
)
