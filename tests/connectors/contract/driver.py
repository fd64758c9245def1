"""How the contract suite drives a connector: one Driver per catalog entry, one method per rule it keeps.

A driver lives in drivers/<key with "_" for ".">.py as the class `ConnectorDriver`. A rule is proved by the
method `rule_<name>`; connectors that speak HTTP inherit most of them from http_driver.HttpDriver.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar, cast

import pytest

from connectors.catalog import factory_path
from connectors.ports.check import CheckReport
from connectors.ports.erp import ConnectorContext
from kernel.errors import BatonError
from kernel.http import HttpClient, nets_parse
from kernel.secrets import SecretDict

LOOPBACK = nets_parse("127.0.0.0/8")
INBOUND_PATH = "/inbound/contract/"
E = TypeVar("E", bound=BatonError)


class Checkable(Protocol):
    """What both ports have in common."""

    def check(self) -> CheckReport: ...

    def close(self) -> None: ...


class Driver:
    """`secrets` are planted as credentials and looked for everywhere they must not be."""

    key: ClassVar[str]
    secrets: ClassVar[tuple[str, ...]] = ()

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def settings(self) -> Mapping[str, Any]:
        """Settings with which the connector builds."""
        return {}

    def credentials(self) -> Mapping[str, Any]:
        return {}

    def build(self, settings: Mapping[str, Any] | None = None) -> Any:
        """The connector, by the folder rule."""
        module, _sep, name = factory_path(self.key).partition(":")
        self.http = HttpClient(allow_nets=LOOPBACK, timeout_seconds=1)
        context = ConnectorContext(self.http, inbound_path=INBOUND_PATH)
        chosen = self.settings() if settings is None else settings
        return getattr(importlib.import_module(module), name)(chosen, SecretDict(self.credentials()), context)

    def broken_settings(self) -> Sequence[Mapping[str, Any]]:
        """Settings that lead nowhere or to something else: check() must neither be ok with them nor raise."""
        return ()

    def rule_check_never_raises(self) -> None:
        for settings in self.broken_settings():
            report = self.checked(settings)
            assert not report.ok, f"check() is content with {settings}"
            for item in report.items:
                assert item.ok or (item.hint.en and item.hint.zh), f"{item.key}: no hint what to do"

    def rule_secrets_hidden(self) -> None:
        assert self.secrets, f"{self.key}: the driver plants no secret"
        connector = self.build()
        try:
            held = [value for value in vars(connector).values() if not isinstance(value, str)]
            self.hides_secrets(f"{connector!r} {connector} {held!r}")
        finally:
            connector.close()

    def checked(self, settings: Mapping[str, Any] | None = None) -> CheckReport:
        connector = cast(Checkable, self.build(settings))
        try:
            report = connector.check()
        finally:
            connector.close()
        self.hides_secrets(json.dumps(report.as_json()) + repr(report))
        return report

    def raised(self, kind: type[E], call: Callable[[], object]) -> E:
        """The error of this kind that `call` raises, with no secret in it or in what caused it."""
        with pytest.raises(BatonError) as caught:
            call()
        name = type(caught.value).__name__
        assert isinstance(caught.value, kind), f"{name} instead of {kind.__name__}: {caught.value}"
        error: BaseException | None = caught.value
        while error is not None:
            self.hides_secrets(f"{error} {error!r} {error.args!r} {error.__dict__!r}")
            error = error.__cause__ or error.__context__
        return caught.value

    def hides_secrets(self, text: str) -> None:
        for secret in self.secrets:
            assert secret not in text, f"{self.key}: a secret shows"


def driver_class(key: str) -> type[Driver]:
    """Raises ImportError for a catalog entry without a driver: every connector is under contract."""
    module = importlib.import_module(f"tests.connectors.contract.drivers.{key.replace('.', '_')}")
    found = module.ConnectorDriver
    assert issubclass(found, Driver) and found.key == key
    return cast(type[Driver], found)
