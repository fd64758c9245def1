"""Whose data is read and written: one company and, if the connection says so, one warehouse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from connectors.erp.tryton.client import Row, TrytonClient
from kernel.errors import ConfigError

WAREHOUSE = ("type", "=", "warehouse")


@dataclass(frozen=True)
class Scope:
    """Ids in Tryton. `warehouse_id` is None when every warehouse is meant."""

    company_id: int
    warehouse_id: int | None
    context: Mapping[str, Any]


def scope_find(client: TrytonClient, company: str, warehouse: str) -> Scope:
    """Raises ConfigError when the company or the warehouse of the settings does not exist for this user."""
    preferences = client.session().context
    company_id = preferences.get("company")
    context: dict[str, Any] = {}
    if company:
        found = client.rows("company.company", [["party.name", "=", company]], ["id"])
        if len(found) != 1:
            raise ConfigError(_("Tryton shows this user no company “%(name)s”.") % {"name": company})
        if found[0]["id"] != company_id:
            context = {"employee": None}
        company_id = found[0]["id"]
    if not company_id:
        raise ConfigError(
            _("The user has no current company in Tryton. Set one there, or in this connection.")
        )
    context["company"] = company_id
    warehouse_id = None
    if warehouse:
        places = client.rows("stock.location", [list(WAREHOUSE), ["code", "=", warehouse]], ["id"])
        if len(places) != 1:
            raise ConfigError(_("Tryton has no warehouse with the code “%(code)s”.") % {"code": warehouse})
        warehouse_id = int(places[0]["id"])
    return Scope(int(company_id), warehouse_id, context)


def code_of(row: Row) -> str:
    """What people call a record; one without a code is called by its id in Tryton."""
    return str(row.get("code") or f"#{row['id']}")


def code_clause(code: str, prefix: str = "") -> list[Any]:
    """The domain clause that finds the record of `code_of` again. `prefix` is a relation, as "product."."""
    number = code.removeprefix("#")
    if number != code and number.isdigit():
        return [f"{prefix}id", "=", int(number)]
    return [f"{prefix}code", "=", code]
