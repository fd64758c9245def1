"""Fields a connection adds are used like shipped ones: by mapping, rules and cards."""

from __future__ import annotations

import pytest

from connectors.models import ObjectExtension, ObjectMapping, Record
from connectors.selectors import dictionary_object
from connectors.services.connections import mapping_save
from connectors.services.extensions import extension_field_add, extension_save
from kernel.errors import ConfigError
from tests.company import DemoCompany
from workflows.models import Rule
from workflows.services.drafts import rule_edit
from workflows.services.rules import rule_publish

SHELF = {
    "name": "x_reserved_pieces",
    "type": "integer",
    "label": {"en": "Reserved pieces", "zh-hans": "预留件数"},
}


def _map_shelf(company: DemoCompany) -> None:
    it = company.user("it")
    extension_field_add(it, company.connection, "stock_level", SHELF)
    mapping = ObjectMapping.objects.get(connection=company.connection, object="stock_level", active=True)
    fields = {**mapping.definition["fields"], "x_reserved_pieces": {"source": "reserved"}}
    mapping_save(it, company.connection, "stock_level", {**mapping.definition, "fields": fields})


def test_an_added_field_is_recorded_asked_about_and_shown(company: DemoCompany) -> None:
    _map_shelf(company)
    company.work()
    record = Record.objects.get(object="stock_level", key="BLT-M6-20@EAST")
    assert isinstance(record.data["x_reserved_pieces"], int)
    analyst, rule = company.user("analyst"), Rule.objects.get()
    draft = dict(rule.draft)
    draft["condition"] = {"and": [draft["condition"], {">=": [{"var": "record.x_reserved_pieces"}, 0]}]}
    draft["steps"][0]["params"]["fields"].append({"name": "x_reserved_pieces"})
    rule_edit(analyst, rule, name=None, draft=draft)
    rule_publish(analyst, rule)
    company.sell()
    shown = {each.name: (each.label, each.value) for each in company.cards()[0].message.fields}
    record.refresh_from_db()
    assert shown["x_reserved_pieces"] == ("预留件数", str(record.data["x_reserved_pieces"]))


def test_each_change_is_a_new_version_of_this_connection_only(company: DemoCompany) -> None:
    it = company.user("it")
    extension_field_add(it, company.connection, "stock_level", SHELF)
    extension_field_add(it, company.connection, "stock_level", {**SHELF, "type": "decimal", "decimals": 2})
    rows = ObjectExtension.objects.order_by("version").values_list("version", "active")
    assert list(rows) == [(1, False), (2, True)]
    assert dictionary_object(company.connection.pk, "stock_level").by_name["x_reserved_pieces"].decimals == 2
    assert "x_reserved_pieces" not in dictionary_object(0, "stock_level").by_name


def test_a_whole_object_of_ones_own(company: DemoCompany) -> None:
    about = extension_save(
        company.user("it"),
        company.connection,
        "x_pallet",
        {"label": {"en": "Pallet", "zh-hans": "托盘"}, "fields": [{"name": "x_code", "type": "text"}]},
    )
    assert (str(about.label.zh), about.title_fields) == ("托盘", ("x_code",))


@pytest.mark.parametrize(
    "field",
    [
        {"name": "shelf", "type": "text"},
        {"name": "x_Shelf", "type": "text"},
        {"name": "x_shelf", "type": "money"},
        {"name": "x_shelf", "type": "text", "dimension": "planet"},
    ],
)
def test_a_bad_field_is_refused_and_nothing_is_stored(company: DemoCompany, field: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        extension_field_add(company.user("it"), company.connection, "stock_level", field)
    assert ObjectExtension.objects.count() == 0
