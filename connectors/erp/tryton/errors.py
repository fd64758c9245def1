"""What Tryton's errors mean. It answers 200 with an `error` for everything that was raised inside a call.

Read on 2026-11-22 in trytond 8.2.1: exceptions.py, protocols/jsonrpc.py, protocols/dispatcher.py. Whatever is
raised inside a call is rolled back, so such an error is never an unknown outcome.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from kernel.errors import BatonError, ConfigError, Conflict, OutcomeUnknown, RateLimited, Rejected, Transient
from kernel.http import HttpResponse, status_raise


class UserRefusal(Rejected):
    """Tryton's UserError or UserWarning: its own words, in the language of the call."""


def error_read(error: Any, *, write: bool) -> BatonError:
    """The kernel error for an envelope's `error`.

    UserError and UserWarning → UserRefusal (a warning is never confirmed on somebody's behalf),
    ConcurrencyException → Conflict, a rate limit → RateLimited, anything else → OutcomeUnknown on a write
    (tasks may have run after the commit), Transient on a read. `error[1]` may be a traceback: it is not
    repeated.
    """
    kind, details = _split(error)
    if kind == "UserError":
        return UserRefusal(_words(details[:2]))
    if kind == "UserWarning":
        return UserRefusal(_words(details[1:3]))
    if kind == "ConcurrencyException":
        return Conflict(_words(details) or _("Somebody else changed the record in Tryton."))
    if kind == "LoginException":
        return ConfigError(
            _("Tryton asks for more than a password to log in. Use a user that needs only a password.")
        )
    if kind == "":
        return RateLimited(_("Tryton asks to slow down."))
    if _names_missing_model(kind):
        return ConfigError(_("Tryton lacks %(name)s. Activate the module that brings it.") % {"name": kind})
    message = _("Tryton failed while executing the call. Its log says why.")
    return OutcomeUnknown(message) if write else Transient(message)


def status_check(response: HttpResponse, *, write: bool) -> None:
    """Raise for an HTTP status that is not a success. The body may echo what was sent: it is not repeated."""
    if response.status == 423:
        raise Conflict(_("Somebody else changed the record in Tryton."))
    status_raise(response, write=write)


def _split(error: Any) -> tuple[str, list[Any]]:
    parts = error if isinstance(error, list) else [error]
    kind = str(parts[0]) if parts else ""
    details = parts[1] if len(parts) > 1 else []
    return kind, details if isinstance(details, list) else [details]


def _words(parts: list[Any]) -> str:
    return " ".join(str(part).strip() for part in parts if part)


def _names_missing_model(kind: str) -> bool:
    """`KeyError('stock.order_point')` reaches us as its quoted argument."""
    name = kind.strip("'")
    return kind == f"'{name}'" and "." in name and name.replace(".", "").replace("_", "").isalnum()
