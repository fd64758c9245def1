"""The contract every connector of the catalog keeps. A catalog line without driver or quality file fails."""

from __future__ import annotations

import datetime as dt
import logging
import re
from pathlib import Path

import pytest

from connectors import catalog
from connectors.dictionary.objects import OBJECTS_BY_NAME
from connectors.ports.manifest import ConnectorKind, SettingType
from kernel.text import Localized
from tests.connectors.contract.driver import driver_class
from tests.connectors.contract.rules import ROOT, RULES, STATIC_RULES, folder, quality_load

KEYS = sorted(catalog.MANIFESTS)
SECRET_NAME = re.compile(r"(password|secret|token|api_key|private_key)$")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def _done(key: str) -> list[str]:
    """The rules to prove: those marked done, or all where the file cannot be read."""
    try:
        rules = quality_load(key)
    except (OSError, AssertionError):
        rules = dict.fromkeys(RULES, "done")
    return [rule for rule, state in rules.items() if state == "done" and rule not in STATIC_RULES]


def _both(text: Localized) -> None:
    assert text.en.strip() and CHINESE.search(text.zh), text


@pytest.mark.parametrize("key", KEYS)
def test_manifest_is_complete(key: str) -> None:
    manifest = catalog.manifest(key)
    assert manifest.key == key
    assert manifest.kind.value == key.partition(".")[0]
    assert (manifest.erp is not None) == (manifest.kind is ConnectorKind.ERP)
    assert (manifest.im is not None) == (manifest.kind is ConnectorKind.IM)
    assert manifest.label.en and manifest.label.zh
    _both(manifest.summary)
    assert manifest.docs_url.startswith("https://") or (ROOT / manifest.docs_url).is_file()
    assert dt.date(2026, 1, 1) <= manifest.docs_read_on <= dt.date(2100, 1, 1)
    assert manifest.poll_seconds > 0


@pytest.mark.parametrize("key", KEYS)
def test_settings_draw_a_form(key: str) -> None:
    settings = catalog.manifest(key).settings
    names = [setting.name for setting in settings]
    assert len(names) == len(set(names))
    for setting in settings:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", setting.name)
        _both(setting.label)
        if setting.help.en or setting.help.zh:
            _both(setting.help)
        assert setting.secret or not SECRET_NAME.search(setting.name), f"{setting.name} must be marked secret"
        assert not (setting.secret and setting.default), f"{setting.name}: a secret has no default"
        assert (setting.type is SettingType.CHOICE) == bool(setting.choices)
        if setting.minimum is not None and setting.maximum is not None:
            assert setting.minimum <= setting.maximum


@pytest.mark.parametrize("key", KEYS)
def test_writes_are_declared(key: str) -> None:
    manifest = catalog.manifest(key)
    keys = [write.key for write in manifest.writes]
    assert len(keys) == len(set(keys))
    assert not (manifest.writes and manifest.kind is ConnectorKind.IM)
    for write in manifest.writes:
        _both(write.label)
        assert write.object in OBJECTS_BY_NAME
        assert not set(write.required) & set(write.optional)


@pytest.mark.parametrize("key", KEYS)
def test_readme_says_how_to_set_it_up(key: str) -> None:
    text = (folder(key) / "README.md").read_text(encoding="utf-8")
    assert text.startswith("# ") and "\n## " in text
    assert key in text
    for setting in catalog.manifest(key).settings:
        assert setting.name in text or setting.label.en.lower() in text.lower(), (
            f"{setting.name} is not explained"
        )


@pytest.mark.parametrize("key", KEYS)
def test_quality_file_and_driver_agree(key: str) -> None:
    """Every rule marked done is proved by the driver, and nothing is proved that the file does not claim."""
    driver = driver_class(key)
    rules = quality_load(key)
    assert all(rules[rule] == "done" for rule in STATIC_RULES)
    for rule, state in rules.items():
        if rule in STATIC_RULES:
            continue
        name = f"rule_{rule}"
        if state == "done":
            assert hasattr(driver, name), f"{key}: {rule} is marked done, but the driver has no {name}"
        else:
            assert name not in vars(driver), f"{key}: {rule} is proved by the driver but not marked done"


@pytest.mark.parametrize(("key", "rule"), [(key, rule) for key in KEYS for rule in _done(key)])
def test_rule(key: str, rule: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    driver = driver_class(key)(tmp_path)
    with caplog.at_level(logging.DEBUG):
        getattr(driver, f"rule_{rule}")()
    driver.hides_secrets(caplog.text)
