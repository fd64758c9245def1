"""The raw JSON-RPC calls and the session they run in.

Facts read on 2026-11-22 in trytond 8.2.1 (protocols/dispatcher.py, protocols/wrappers.py): POST to
/<database>/rpc/ with the header `Authorization: Session base64(login:user:token)`; an ended session answers
401 before anything is executed; the last parameter of a model's method is the context.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import quote

from django.utils.translation import gettext as _

from connectors.erp.tryton.codec import body_encode, value_decode
from connectors.erp.tryton.errors import UserRefusal, error_read, status_check
from kernel.errors import (
    AuthFailed,
    BatonError,
    ConfigError,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    Rejected,
    Transient,
)
from kernel.http import HttpClient, HttpResponse
from kernel.text import language_normalise

Row = Mapping[str, Any]
LANGUAGES = {"en": "en", "zh-hans": "zh_CN"}


@dataclass(frozen=True)
class Session:
    """`context` are the user's preferences: company, language, employee."""

    authorization: str = field(repr=False)
    context: Mapping[str, Any]


class TrytonClient:
    """Logs in at the first call and once more when the session has ended. Safe to share between threads."""

    def __init__(
        self, http: HttpClient, *, url: str, database: str, username: str, password: str, language: str
    ) -> None:
        self._http = http
        self._root = url.strip().rstrip("/")
        self.database = database.strip()
        self.username = username.strip()
        self._password = password
        self.language = LANGUAGES[language_normalise(language)]
        self._session: Session | None = None
        self._lock = threading.Lock()

    @property
    def account(self) -> str:
        return f"{self.username}@{self.database}"

    def version(self) -> str:
        """The series of the server, as "8.2"; needs no login."""
        return str(self._result(self._post("/rpc/", "common.server.version", [])))

    def session(self) -> Session:
        """The current session. Raises AuthFailed, RateLimited, ConfigError (no such database), Transient."""
        with self._lock:
            if self._session is None:
                self._session = self._login()
            return self._session

    def methods(self) -> frozenset[str]:
        """Everything that may be called, as "model.<name>.<method>"."""
        return frozenset(self._call("system.listMethods", [], write=False))

    def call(
        self,
        model: str,
        method: str,
        *params: Any,
        context: Mapping[str, Any] | None = None,
        write: bool = False,
    ) -> Any:
        """Call a method of a model in the user's context.

        Raises Rejected with Tryton's words on a write, PermissionDenied, Conflict, RateLimited,
        AuthFailed; Transient on a read and OutcomeUnknown on a write that may have been executed.
        """
        whole = {**self.session().context, "language": self.language, **(context or {})}
        try:
            return self._call(f"model.{model}.{method}", [*params, whole], write=write)
        except UserRefusal as refusal:
            if not write or not self._may(model, method):
                raise PermissionDenied(refusal.message) from None
            raise Rejected(refusal.message) from None

    def rows(
        self,
        model: str,
        domain: Sequence[Any],
        fields: Sequence[str],
        *,
        limit: int | None = None,
        order: Sequence[tuple[str, str]] = (("id", "ASC"),),
        context: Mapping[str, Any] | None = None,
    ) -> list[Row]:
        """search_read; a dotted field comes back nested under its first part with a dot at its end."""
        found = self.call(model, "search_read", domain, 0, limit, order, fields, context=context)
        return cast(list[Row], found)

    def access(self, models: Sequence[str]) -> Mapping[str, Mapping[str, int | None]]:
        """Model → {"read", "write", "create", "delete"} → 0 where our user may not."""
        found = self.call("ir.model.access", "get_access", list(models))
        return cast(Mapping[str, Mapping[str, int | None]], found)

    def logout(self) -> None:
        """End the session, if there is one. One that cannot be ended now ends by itself."""
        with self._lock:
            session, self._session = self._session, None
        if session is not None:
            with suppress(BatonError):
                self._post(self._database_path, "common.db.logout", [], session)

    @property
    def _database_path(self) -> str:
        if not self.database or not self.username:
            raise ConfigError(_("Enter the database and the user name of Tryton."))
        return f"/{quote(self.database, safe='')}/rpc/"

    def _login(self) -> Session:
        params = [self.username, {"password": self._password}, self.language]
        response = self._post(self._database_path, "common.db.login", params)
        if response.status == 401:
            raise AuthFailed(_("Tryton does not accept the user name or the password."))
        try:
            user, token = self._result(response)[:2]
        except NotFound:
            raise ConfigError(
                _("Tryton has no database “%(database)s” at this address.") % {"database": self.database}
            ) from None
        except (TypeError, ValueError, KeyError):
            raise Transient(_("The server does not answer like a Tryton.")) from None
        proof = base64.b64encode(f"{self.username}:{user}:{token}".encode()).decode()
        session = Session(f"Session {proof}", {})
        answer = self._post(
            self._database_path,
            "model.res.user.get_preferences",
            [True, {"language": self.language}],
            session,
        )
        preferences = self._result(answer)
        if not isinstance(preferences, dict):
            raise Transient(_("The server does not answer like a Tryton."))
        kept = {key: value for key, value in preferences.items() if "." not in key and key != "locale"}
        return Session(session.authorization, kept)

    def _call(self, method: str, params: list[Any], *, write: bool) -> Any:
        session = self.session()
        response = self._post(self._database_path, method, params, session, write=write)
        if response.status == 401:
            with self._lock:
                if self._session is session:
                    self._session = self._login()
            response = self._post(self._database_path, method, params, self.session(), write=write)
        return self._result(response)

    def _post(
        self,
        path: str,
        method: str,
        params: list[Any],
        session: Session | None = None,
        *,
        write: bool = False,
    ) -> HttpResponse:
        headers = {"content-type": "application/json", "accept": "application/json"}
        if session is not None:
            headers["authorization"] = session.authorization
        content = body_encode(method, params)
        return self._http.request("POST", self._root + path, headers=headers, content=content, write=write)

    def _result(self, response: HttpResponse) -> Any:
        status_check(response, write=response.write)
        envelope = response.json()
        if isinstance(envelope, dict) and envelope.get("error") is not None:
            raise error_read(envelope["error"], write=response.write)
        if not isinstance(envelope, dict) or "result" not in envelope:
            message = _("The server does not answer like a Tryton.")
            raise OutcomeUnknown(message) if response.write else Transient(message)
        return value_decode(envelope["result"])

    def _may(self, model: str, method: str) -> bool:
        """Tryton says "not allowed" and "not valid" with one error; its access table tells them apart."""
        mode = method if method in ("create", "delete") else "write"
        return self.access([model])[model].get(mode) != 0
