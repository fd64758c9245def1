"""Secrets at rest: a JSON field encrypted with MultiFernet. Keys come from the environment or a key file.

The first key encrypts, all keys decrypt: put a new key in front, run `manage.py secrets_rotate`, drop the old one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models

from kernel.errors import ConfigError


@lru_cache(maxsize=4)
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key.encode()) for key in keys])


def cipher() -> MultiFernet:
    """The cipher of the configured keys."""
    keys: Sequence[str] = settings.BATON_SECRET_KEYS
    return _cipher(tuple(keys))


def secret_encrypt(value: Any) -> str:
    return cipher().encrypt(json.dumps(value, ensure_ascii=False).encode()).decode()


def secret_decrypt(token: str) -> Any:
    """Raises ConfigError when none of the configured keys fits."""
    try:
        return json.loads(cipher().decrypt(token.encode()))
    except InvalidToken as error:
        raise ConfigError(
            "A stored secret does not open with the configured keys. Put the key it was stored with back into "
            "BATON_SECRET_KEYS (or its key file)."
        ) from error


class SecretDict(dict[str, Any]):
    """A dict whose repr shows the names only."""

    def __repr__(self) -> str:
        return f"SecretDict({sorted(self)})"

    __str__ = __repr__


class EncryptedJSONField(models.TextField[dict[str, Any] | str, SecretDict]):
    """A dict stored encrypted. Read gives a SecretDict; the clear text never reaches the database or a repr."""

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> SecretDict:
        return SecretDict(secret_decrypt(value)) if value else SecretDict()

    def to_python(self, value: Any) -> SecretDict:
        if isinstance(value, str):
            return SecretDict(secret_decrypt(value)) if value else SecretDict()
        return SecretDict(value or {})

    def get_prep_value(self, value: Any) -> str:
        return secret_encrypt(dict(value)) if value else ""

    def value_to_string(self, obj: models.Model) -> str:
        return self.get_prep_value(self.value_from_object(obj))
