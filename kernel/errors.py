"""The errors every room raises about the outside world. One vocabulary, so that the engine decides by type alone.

Retry means: Transient and RateLimited are tried again by the engine; OutcomeUnknown is looked up by its
idempotency key before anything else; AuthFailed pauses the connection; everything else goes to a person.
"""

from __future__ import annotations


class BatonError(Exception):
    """Base of all of Baton's own errors. `message` is fit to be shown to a person and never holds a secret."""

    code = "error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return str(self.message)


class ConfigError(BatonError):
    """The settings are wrong: an administrator has to change something before it can work."""

    code = "config"


class AuthFailed(BatonError):
    """The other side does not accept our credential."""

    code = "auth_failed"


class PermissionDenied(BatonError):
    """Known, but not allowed: to our account there, or to this person here."""

    code = "permission_denied"


class NotFound(BatonError):
    """There is no such thing (or we may not know that there is)."""

    code = "not_found"


class Rejected(BatonError):
    """The other side understood and refused. `message` is what it said, to be shown to the person who asked."""

    code = "rejected"


class Conflict(BatonError):
    """Somebody else changed or decided it first."""

    code = "conflict"


class RateLimited(BatonError):
    """Too fast. Try again after `retry_after_seconds`."""

    code = "rate_limited"

    def __init__(self, message: str, retry_after_seconds: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Transient(BatonError):
    """Not now. Certain that nothing was executed; trying again is safe."""

    code = "transient"


class OutcomeUnknown(BatonError):
    """A write left us and no answer came. Never repeat it before looking it up by its idempotency key."""

    code = "outcome_unknown"


RETRYABLE: tuple[type[BatonError], ...] = (RateLimited, Transient)
