"""The rules of every connector that speaks HTTP, against a peer that answers, refuses and misbehaves."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from kernel.errors import AuthFailed, OutcomeUnknown, RateLimited, Rejected, Transient
from tests.connectors.contract.driver import Driver
from tests.connectors.contract.peer import Answer, Fault, Peer, PeerRequest, Script, answer_json, url_refused

PREFIX = "/prefix/erp"
UNCERTAIN: tuple[Answer | Fault, ...] = (
    *(answer_json({"error": "broken"}, status) for status in (500, 502, 503, 504)),
    Fault.RESET,
    Fault.SILENCE,
    Fault.HALF,
    Fault.GARBAGE,
)
REFUSAL = "Credit hold 信用冻结"


class HttpDriver(Driver):
    """`answer` is the healthy vendor; `is_write` picks the request that changes something there."""

    url_setting: ClassVar[str] = "url"

    @abstractmethod
    def answer(self, request: PeerRequest) -> Answer | Fault: ...

    @abstractmethod
    def refusal(self, request: PeerRequest) -> Answer | Fault:
        """The vendor's own way to say REFUSAL inside a 200 to a write; `answer` to what comes before it."""

    @abstractmethod
    def write(self, connector: Any, key: str) -> Any: ...

    def read(self, connector: Any) -> Any:
        raise NotImplementedError(f"{self.key}: read_transient is not exempt, so the driver needs read()")

    def is_write(self, request: PeerRequest) -> bool:
        return request.method != "GET"

    def settings(self) -> Mapping[str, Any]:
        return self.settings_for(url_refused())

    def settings_for(self, url: str) -> Mapping[str, Any]:
        return {self.url_setting: url}

    @contextmanager
    def opened(self, script: Script, prefix: str = "") -> Iterator[tuple[Any, Peer]]:
        with Peer(script) as peer:
            connector = self.build(self.settings_for(peer.url + prefix))
            try:
                yield connector, peer
            finally:
                connector.close()
            assert self.http._client.is_closed, "close() leaves connections open"

    def echo(self, status: int, **headers: str) -> Script:
        """A vendor that repeats every secret it was sent in its error."""
        said = f"refused {' '.join(self.secrets)}"
        return lambda request: answer_json({"ok": False, "error": said}, status, **headers)

    def broken_settings(self) -> Sequence[Mapping[str, Any]]:
        targets = (
            url_refused(),
            "",
            "no address",
            "ftp://127.0.0.1/",
            "http://",
            "http://[::1",
            "http://127.0.0.1:0/",
        )
        return [self.settings_for(target) for target in targets]

    def rule_check_never_raises(self) -> None:
        super().rule_check_never_raises()
        scripts: list[Script] = [self.echo(status) for status in (301, 400, 401, 403, 404, 429, 500, 503)]
        scripts += [lambda request, fault=fault: fault for fault in Fault]  # type: ignore[misc]
        for script in scripts:
            with Peer(script) as peer:
                assert not self.checked(self.settings_for(peer.url)).ok
        with Peer(lambda request: Answer(200, b"<html>login</html>", {"content-type": "text/html"})) as peer:
            self.checked(self.settings_for(peer.url))
        with Peer(self.answer) as peer:
            report = self.checked(self.settings_for(peer.url))
        assert report.ok, report.as_json()
        assert report.account

    def rule_auth_failed(self) -> None:
        with self.opened(self.echo(401)) as (connector, _peer):
            self.raised(AuthFailed, lambda: self.write(connector, "k-401"))

    def rule_rate_limited(self) -> None:
        with self.opened(self.echo(429, **{"retry-after": "7"})) as (connector, _peer):
            error = self.raised(RateLimited, lambda: self.write(connector, "k-429"))
        assert error.retry_after_seconds == 7

    def rule_error_in_200(self) -> None:
        with self.opened(self.refusal) as (connector, _peer):
            error = self.raised(Rejected, lambda: self.write(connector, "k-200"))
        assert REFUSAL in error.message

    def rule_read_transient(self) -> None:
        for fault in UNCERTAIN:
            with self.opened(lambda request, fault=fault: fault) as (connector, _peer):  # type: ignore[misc]
                self.raised(Transient, lambda: self.read(connector))

    def rule_write_unknown(self) -> None:
        for fault in UNCERTAIN:
            with self.opened(self._write_faulted(fault)) as (connector, peer):
                self.raised(OutcomeUnknown, lambda: self.write(connector, "k-unknown"))
            assert sum(self.is_write(each) for each in peer.requests) == 1, "an uncertain write was repeated"

    def rule_write_transient(self) -> None:
        connector = self.build()
        try:
            self.raised(Transient, lambda: self.write(connector, "k-refused"))
        finally:
            connector.close()

    def rule_base_path(self) -> None:
        with self.opened(self.answer, PREFIX) as (connector, peer):
            self.write(connector, "k-path")
        assert peer.requests
        assert all(each.path.startswith(PREFIX) for each in peer.requests), [
            each.path for each in peer.requests
        ]

    def _write_faulted(self, fault: Answer | Fault) -> Script:
        return lambda request: fault if self.is_write(request) else self.answer(request)
