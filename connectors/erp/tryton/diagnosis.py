"""The connection test: each thing an administrator can get wrong, tried without changing anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from connectors.erp.tryton.client import TrytonClient
from connectors.erp.tryton.scope import Scope
from connectors.ports.check import CheckItem, CheckReport
from kernel.errors import BatonError, ConfigError, PermissionDenied
from kernel.text import Localized as L

SERIES = "8."
READS = (
    *(
        "product.product",
        "product.template",
        "product.uom",
        "party.party",
        "company.company",
        "currency.currency",
    ),
    *("stock.location", "stock.order_point", "stock.move"),
    *("purchase.product_supplier", "purchase.product_supplier.price", "purchase.purchase", "purchase.line"),
)
WRITES = ("purchase.purchase", "purchase.line")
QUOTE = "model.purchase.purchase.quote"


@dataclass(frozen=True)
class Probe:
    """`run` gives the detail to show, or raises what is wrong."""

    key: str
    label: L
    hint: L
    run: Callable[[], str]


def tryton_check(client: TrytonClient, scope: Callable[[], Scope]) -> CheckReport:
    """Stops at the first failure: what comes after it could not be tried."""
    probes = (
        Probe(
            "server",
            L("Server", "服务器"),
            L(
                "Enter the address of a Tryton 8 server and allow its network with BATON_ALLOW_NETS.",
                "请填写 Tryton 8 服务器的地址，并用 BATON_ALLOW_NETS 允许其网络。",
            ),
            lambda: _series(client),
        ),
        Probe(
            "login",
            L("Login", "登录"),
            L("Check the database, the user name and the password.", "请检查数据库、用户名和密码。"),
            lambda: _login(client),
        ),
        Probe(
            "modules",
            L("Modules", "模块"),
            L("Activate the modules stock_supply and purchase.", "请激活 stock_supply 和 purchase 模块。"),
            lambda: _modules(client),
        ),
        Probe(
            "scope",
            L("Company and warehouse", "公司与仓库"),
            L("Correct the company or the warehouse of this connection.", "请更正此连接的公司或仓库。"),
            lambda: str(scope().company_id),
        ),
        Probe(
            "read",
            L("Reading stock and purchases", "读取库存与采购"),
            L("Add the user to the groups Stock and Purchase.", "请将该用户加入“库存”和“采购”组。"),
            lambda: _reads(client),
        ),
        Probe(
            "write",
            L("Writing purchases", "写入采购"),
            L("Add the user to the group Purchase.", "请将该用户加入“采购”组。"),
            lambda: _writes(client),
        ),
    )
    items: list[CheckItem] = []
    for probe in probes:
        try:
            detail = probe.run()
        except BatonError as error:
            items.append(CheckItem(probe.key, probe.label, False, error.message, probe.hint))
            break
        items.append(CheckItem(probe.key, probe.label, True, detail))
    return CheckReport(tuple(items), account=client.account if len(items) > 1 and items[1].ok else "")


def _series(client: TrytonClient) -> str:
    series = client.version()
    if not series.startswith(SERIES):
        raise ConfigError(f"Tryton {series[:20]}")
    return f"Tryton {series}"


def _login(client: TrytonClient) -> str:
    client.session()
    return client.account


def _modules(client: TrytonClient) -> str:
    methods = client.methods()
    missing = [model for model in READS if f"model.{model}.search_read" not in methods]
    if missing or QUOTE not in methods:
        raise ConfigError(", ".join(missing or [QUOTE]))
    return ""


def _reads(client: TrytonClient) -> str:
    access = client.access(READS)
    refused = [model for model in READS if access[model]["read"] == 0]
    if refused:
        raise PermissionDenied(", ".join(refused))
    return ""


def _writes(client: TrytonClient) -> str:
    access = client.access(WRITES)
    refused = [
        f"{model}: {mode}"
        for model in WRITES
        for mode in ("create", "write", "delete")
        if access[model][mode] == 0
    ]
    if refused:
        raise PermissionDenied(", ".join(refused))
    return ""
