"""A request that is ready to leave, and a whole answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NoReturn

from django.utils.translation import gettext as _

from kernel.errors import OutcomeUnknown, Transient


@dataclass(frozen=True)
class HttpResponse:
    """A whole answer. `headers` is case-insensitive; `content` is decoded (gzip, deflate), within the cap."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    origin: str = ""
    """"POST https://host": what may be shown of the request; paths and queries may hold secrets."""
    write: bool = False

    @property
    def text(self) -> str:
        """The body as text by the charset of its Content-Type, else UTF-8; the undecodable is replaced."""
        charset = "utf-8"
        for part in self.headers.get("content-type", "").split(";")[1:]:
            name, _sep, value = part.strip().partition("=")
            if name.lower() == "charset":
                charset = value.strip("\"' ")
        try:
            return self.content.decode(charset, errors="replace")
        except (LookupError, ValueError):
            return self.content.decode(errors="replace")

    def json(self) -> Any:
        """The body as JSON, fractions as Decimal.

        Raises Transient when it is not JSON (a login page, a proxy's error page), OutcomeUnknown after a
        write.
        """
        try:
            return json.loads(self.content, parse_float=Decimal, parse_constant=_constant_refuse)
        except (ValueError, RecursionError):
            message = _("%(origin)s answered %(status)s with something that is not JSON.") % {
                "origin": self.origin,
                "status": self.status,
            }
            raise (OutcomeUnknown if self.write else Transient)(message) from None


@dataclass(frozen=True)
class HttpRequest:
    """A write that is ready to leave: nothing in it is asked or calculated any more."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    timeout_seconds: float = 30.0


def _constant_refuse(name: str) -> NoReturn:
    raise ValueError(name)
