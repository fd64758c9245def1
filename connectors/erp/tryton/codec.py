"""Tryton's JSON: values that JSON lacks travel as objects with a `__class__`.

Read on 2026-11-22 in trytond 8.2.1, protocols/jsonrpc.py. Times without a zone are UTC.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

_MICROSECOND = dt.timedelta(microseconds=1)


def value_encode(value: Any) -> Any:
    """The JSON stand-in of one value (a `default` for json.dumps). Raises TypeError for anything else."""
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, dt.datetime):
        moment = value.astimezone(dt.UTC) if value.tzinfo else value
        return {"__class__": "datetime", **_parts(moment, "year", "month", "day"), **_clock(moment)}
    if isinstance(value, dt.date):
        return {"__class__": "date", **_parts(value, "year", "month", "day")}
    if isinstance(value, dt.time):
        return {"__class__": "time", **_clock(value)}
    if isinstance(value, dt.timedelta):
        return {"__class__": "timedelta", "seconds": value.total_seconds()}
    if isinstance(value, bytes):
        return {"__class__": "bytes", "base64": base64.b64encode(value).decode()}
    raise TypeError(f"{type(value).__name__} has no form in Tryton's JSON")


def body_encode(method: str, params: list[Any]) -> bytes:
    """A call. With exactly these three keys Tryton answers with an envelope, errors included."""
    body = {"id": 0, "method": method, "params": params}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=value_encode).encode()


def value_decode(value: Any) -> Any:
    """Parsed JSON with Tryton's stand-ins turned into Python values; datetimes are aware UTC."""
    if isinstance(value, list):
        return [value_decode(each) for each in value]
    if not isinstance(value, dict):
        return value
    decoder = _DECODERS.get(value.get("__class__", ""))
    return decoder(value) if decoder else {key: value_decode(each) for key, each in value.items()}


def quantity_encode(quantity: Decimal) -> float:
    """A quantity as Tryton stores it: a double. Raises ValueError where that would change the number."""
    number = float(quantity)
    if Decimal(repr(number)) != quantity:
        raise ValueError(f"{quantity} has more digits than a Tryton quantity can hold")
    return number


def _parts(value: Any, *names: str) -> dict[str, int]:
    return {name: getattr(value, name) for name in names}


def _clock(value: dt.datetime | dt.time) -> dict[str, int]:
    return _parts(value, "hour", "minute", "second", "microsecond")


def _datetime(data: Mapping[str, Any]) -> dt.datetime:
    day = dt.datetime(data["year"], data["month"], data["day"], tzinfo=dt.UTC)
    return day.replace(**{name: data[name] for name in ("hour", "minute", "second", "microsecond")})


_DECODERS: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "Decimal": lambda data: Decimal(data["decimal"]),
    "date": lambda data: dt.date(data["year"], data["month"], data["day"]),
    "datetime": _datetime,
    "time": lambda data: dt.time(data["hour"], data["minute"], data["second"], data["microsecond"]),
    "timedelta": lambda data: int(Decimal(str(data["seconds"])) * 1_000_000) * _MICROSECOND,
    "bytes": lambda data: base64.b64decode(data["base64"]),
}
