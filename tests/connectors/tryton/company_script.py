"""Runs inside Tryton's own virtual environment, where proteus is: `seed` builds the test company, the other
commands play with it over XML-RPC, as another user of the same server would.

    python company_script.py seed <config> <database>
    python company_script.py sell <url> <product code> <warehouse code> <quantity>
    python company_script.py purchases <url> [reference]        prints a JSON array
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from proteus import Model, Wizard, config  # type: ignore[import-not-found]

PASSWORD = "one-Baton-for-the-tests"
GROUPS = {"baton": ("Purchase", "Stock"), "reader": ("Stock",)}


def company_create() -> Any:
    currency = Model.get("currency.currency")(name="Renminbi", code="CNY", numeric_code="156", symbol="¥")
    currency.rates.new(date=dt.date(2020, 1, 1), rate=Decimal(1))
    currency.save()
    party = Model.get("party.party")(name="巴通贸易 Baton Trading")
    party.save()
    wizard = Wizard("company.company.config")
    wizard.execute("company")
    wizard.form.party = party
    wizard.form.currency = currency
    wizard.execute("add")
    config.get_config()._context = Model.get("res.user").get_preferences(True, {})
    (company,) = Model.get("company.company").find()
    return company


def tax_create(company: Any) -> Any:
    """A chart of accounts and one supplier tax of 13 %, the product category that carries both."""
    (template,) = Model.get("account.account.template").find(
        [("name", "=", "Universal Chart of Accounts")], limit=1
    )
    chart = Wizard("account.create_chart")
    chart.execute("account")
    chart.form.account_template = template
    chart.form.company = company
    chart.execute("create_account")
    account = Model.get("account.account")
    receivable = account.find(
        [("type.receivable", "=", True), ("party_required", "=", True), ("company", "=", company.id)]
    )[0]
    payable = account.find(
        [("type.payable", "=", True), ("party_required", "=", True), ("company", "=", company.id)]
    )[0]
    expense = account.find(
        [
            ("type.expense", "=", True),
            ("closed", "!=", True),
            ("company", "=", company.id),
            ("type.payable", "!=", True),
        ]
    )[0]
    tax_account = account.find(
        [
            ("closed", "!=", True),
            ("type.receivable", "!=", True),
            ("type.payable", "!=", True),
            ("type.expense", "=", False),
            ("type.statement", "=", "balance"),
            ("company", "=", company.id),
        ]
    )[0]
    chart.form.account_receivable = receivable
    chart.form.account_payable = payable
    chart.execute("create_properties")
    tax = Model.get("account.tax")(
        name="VAT 13 %", description="VAT 13 %", type="percentage", rate=Decimal("0.13")
    )
    tax.invoice_account = tax_account
    tax.credit_note_account = tax_account
    tax.save()
    category = Model.get("product.category")(name="Goods", accounting=True, account_expense=expense)
    category.supplier_taxes.append(tax)
    category.save()
    return category


def warehouse_create(name: str, code: str) -> Any:
    location = Model.get("stock.location")
    parts = {}
    for part in ("input", "output", "storage"):
        parts[part] = location(name=f"{name} {part}", code=f"{code}-{part}", type="storage")
        parts[part].save()
    warehouse = location(name=name, code=code, type="warehouse")
    warehouse.input_location, warehouse.output_location = parts["input"], parts["output"]
    warehouse.storage_location = parts["storage"]
    (warehouse.lost_found_location,) = location.find([("type", "=", "lost_found")], limit=1)
    warehouse.save()
    return warehouse


def party_create(name: str, code: str) -> Any:
    party = Model.get("party.party")(name=name, code=code)
    party.addresses[0].street = "1 Harbour Road"
    party.save()
    return party


def product_create(name: str, code: str, unit: Any, category: Any) -> Any:
    template = Model.get("product.template")(name=name, code=code, default_uom=unit, type="goods")
    template.list_price = Decimal("9.90")
    template.purchasable = True
    template.account_category = category
    template.save()
    (product,) = template.products
    product.cost_price = Decimal("4.20")
    product.save()
    return product


def supply_add(product: Any, party: Any, currency: Any, prices: list[tuple[float, str]]) -> None:
    supply = Model.get("purchase.product_supplier")(product=product, party=party, currency=currency)
    for quantity, unit_price in prices:
        supply.prices.new(quantity=quantity, unit_price=Decimal(unit_price))
    supply.save()


def point_create(product: Any, warehouse: Any, minimum: float, target: float) -> None:
    Model.get("stock.order_point")(
        product=product, location=warehouse, type="purchase", min_quantity=minimum, target_quantity=target
    ).save()


def stock_set(warehouse: Any, quantities: dict[Any, float]) -> None:
    inventory = Model.get("stock.inventory")(location=warehouse.storage_location, empty_quantity="keep")
    for product, quantity in quantities.items():
        inventory.lines.new(product=product, quantity=quantity)
    inventory.click("confirm")


def users_create(company: Any) -> None:
    user, group = Model.get("res.user"), Model.get("res.group")
    for login, names in GROUPS.items():
        person = user(name=login.title(), login=login, password=PASSWORD)
        person.companies.append(type(company)(company.id))
        person.company = company
        for found in group.find([("name", "in", list(names))]):
            person.groups.append(found)
        person.save()


def seed(config_file: str, database: str) -> None:
    config.set_trytond(f"sqlite:///{database}", config_file=config_file)
    languages = Model.get("ir.lang").find([("code", "=", "zh_CN")])
    languages[0].translatable = True
    languages[0].save()
    company = company_create()
    category = tax_create(company)
    (unit,) = Model.get("product.uom").find([("name", "=", "Unit")])
    (kilogram,) = Model.get("product.uom").find([("name", "=", "Kilogram")])
    (first,) = Model.get("stock.location").find([("code", "=", "WH")])
    second = warehouse_create("Shenzhen", "SZ")
    steel = party_create("宏达五金 Hongda Hardware", "S-001")
    paper = party_create("Lanshan Paper", "S-002")
    party_create("Tianhe Machinery", "C-001")
    bolt = product_create("六角螺栓 M8 Hex bolt", "BOLT-M8", unit, category)
    carton = product_create("Shipping carton", "BOX-40", unit, category)
    resin = product_create("Epoxy resin", "RESIN", kilogram, category)
    supply_add(bolt, steel, company.currency, [(0, "4.2000"), (500, "3.9500")])
    supply_add(carton, paper, company.currency, [(0, "1.2345")])
    point_create(bolt, first, 100, 300)
    point_create(bolt, second, 20, 60)
    point_create(carton, first, 50, 250)
    point_create(resin, first, 2.5, 12.5)
    stock_set(first, {bolt: 120, carton: 75, resin: 10.25})
    stock_set(second, {bolt: 40})
    users_create(company)


def sell(product_code: str, warehouse_code: str, quantity: str) -> None:
    """The whole way of goods to a customer: they leave the warehouse when the shipment is done."""
    location = Model.get("stock.location")
    (warehouse,) = location.find([("code", "=", warehouse_code), ("type", "=", "warehouse")])
    (product,) = Model.get("product.product").find([("code", "=", product_code)])
    (customer,) = Model.get("party.party").find([("code", "=", "C-001")])
    (company,) = Model.get("company.company").find()
    shipment = Model.get("stock.shipment.out")(customer=customer, warehouse=warehouse, company=company)
    move = shipment.outgoing_moves.new(product=product, quantity=float(quantity), unit=product.default_uom)
    move.from_location, move.to_location = warehouse.output_location, customer.customer_location
    move.company, move.currency, move.unit_price = company, company.currency, Decimal("9.90")
    shipment.click("wait")
    warning_confirm([each.id for each in shipment.outgoing_moves])
    for button in ("assign_force", "pick", "pack", "do"):
        shipment.click(button)


def warning_confirm(moves: list[int]) -> None:
    """Say yes beforehand to "these moves have no origin": the goods leave without a sales order."""
    records = "|".join(f"stock.move,{each}" for each in moves)
    name = f"{hashlib.md5(records.encode(), usedforsecurity=False).hexdigest()}.done"
    (user,) = Model.get("res.user").find([("login", "=", "admin")])
    Model.get("res.user.warning")(user=user, name=name, always=True).save()


def purchases(reference: str = "") -> None:
    """Print them as a JSON array, oldest first; only those with this reference, if one is given."""
    purchase, line = (config.get_config().get_proxy(f"purchase.{name}") for name in ("purchase", "line"))
    names = ["number", "state", "reference", "description", "total_amount"]
    names += ["party.code", "warehouse.code", "currency.code"]
    domain = [["reference", "=", reference]] if reference else []
    context = config.get_config().context
    listed = []
    for row in purchase.search_read(domain, 0, None, [("id", "ASC")], names, context):
        lines = line.search_read(
            [("purchase", "=", row["id"])],
            0,
            None,
            [("id", "ASC")],
            ["product.code", "quantity", "unit_price"],
            context,
        )
        listed.append(
            {
                **{name: row[name] for name in ("number", "state", "reference", "description")},
                "supplier": row["party."]["code"],
                "warehouse": (row.get("warehouse.") or {}).get("code"),
                "currency": row["currency."]["code"],
                "total_amount": str(row["total_amount"]),
                "lines": [
                    {
                        "product": each["product."]["code"],
                        "quantity": each["quantity"],
                        "unit_price": str(each["unit_price"]),
                    }
                    for each in lines
                ],
            }
        )
    json.dump(listed, sys.stdout)


COMMANDS: dict[str, Callable[..., None]] = {"sell": sell, "purchases": purchases}

if __name__ == "__main__":
    command, target, *arguments = sys.argv[1:]
    if command == "seed":
        seed(target, *arguments)
    else:
        with config.set_xmlrpc_session(target, "admin", PASSWORD):
            COMMANDS[command](*arguments)
