"""Rules as files: out and in again is the same; a file that cannot be used changes nothing and says why."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from django.core.management import CommandError, call_command

from tests.company import DemoCompany
from workflows.exchange_format import file_schema
from workflows.models import Rule, RuleVersion
from workflows.services.drafts import rule_edit
from workflows.services.exchange import FORMAT, rules_export, rules_import

pytestmark = pytest.mark.database


@pytest.fixture
def document(company: DemoCompany) -> dict[str, Any]:
    rule_edit(company.user("analyst"), Rule.objects.get(), tags=["stock", "east"])
    return rules_export(Rule.objects.all())


@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_out_and_in_again_is_the_same(
    company: DemoCompany, document: dict[str, Any], tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"rules.{suffix}"
    call_command("rules", "export", path)
    text = path.read_text(encoding="utf-8")
    assert (yaml.safe_load(text) if suffix == "yaml" else json.loads(text)) == document
    jsonschema.validate(document, file_schema(FORMAT))
    (same,) = rules_import(company.user("analyst"), document)
    assert (same.act, same.problems) == ("same", [])
    call_command("rules", "validate", path, "--as", "analyst")
    RuleVersion.objects.all().delete()
    Rule.objects.all().delete()
    call_command("rules", "import", path, "--as", "analyst")
    rule = Rule.objects.get()
    assert (rule.state, rule.current, rule.owner) == ("draft", None, company.user("analyst"))
    assert rules_export([rule]) == document


def test_an_import_changes_the_draft_and_not_what_is_in_force(
    company: DemoCompany, document: dict[str, Any]
) -> None:
    before = Rule.objects.get().current
    changed = copy.deepcopy(document)
    changed["rules"][0]["definition"]["condition"] = {"<": [{"var": "record.on_hnad"}, 5]}
    (found,) = rules_import(company.user("analyst"), changed)
    assert (found.act, [each.pointer for each in found.problems]) == ("changed", ["/condition/</0/var"])
    rule = Rule.objects.get()
    assert (rule.current, rule.draft["condition"]) == (before, {"<": [{"var": "record.on_hnad"}, 5]})


BAD: list[tuple[dict[str, Any], str]] = [
    ({"schema": 2}, "error /schema: This file has the format 2; this Baton reads 1."),
    ({"rules": [{}]}, "error /rules/0/key: “key” is missing."),
    ({"rules": "x"}, "error /: A file of rules is an object with “schema” and “rules”."),
]


@pytest.mark.parametrize(("change", "said"), BAD)
def test_a_file_that_cannot_be_used_changes_nothing(
    company: DemoCompany, document: dict[str, Any], tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    path = tmp_path / "rules.json"
    path.write_text(json.dumps({**document, **change}), encoding="utf-8")
    with pytest.raises(CommandError) as refused:
        call_command("rules", "import", path, "--as", "analyst")
    assert said in str(refused.value)
    assert rules_export(Rule.objects.all()) == document


def test_all_or_nothing_and_only_who_may(
    company: DemoCompany, document: dict[str, Any], tmp_path: Path
) -> None:
    second = {**copy.deepcopy(document["rules"][0]), "key": "second"}
    elsewhere = {**copy.deepcopy(second), "key": "third", "connection": "nowhere"}
    path = tmp_path / "rules.json"
    path.write_text(json.dumps({**document, "rules": [second, elsewhere]}), encoding="utf-8")
    with pytest.raises(CommandError, match="There is no connection “nowhere”"):
        call_command("rules", "import", path, "--as", "analyst")
    path.write_text(json.dumps({**document, "rules": [second]}), encoding="utf-8")
    with pytest.raises(CommandError, match="may not make rules"):
        call_command("rules", "import", path, "--as", "buyer")
    assert [rule.key for rule in Rule.objects.all()] == [document["rules"][0]["key"]]
