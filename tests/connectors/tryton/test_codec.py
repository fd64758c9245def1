"""Tryton's JSON and errors, from recorded payloads: no server needed."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest

from connectors.erp.tryton.codec import body_encode, quantity_encode, value_decode
from connectors.erp.tryton.errors import UserRefusal, error_read, status_check
from kernel.errors import BatonError, ConfigError, Conflict, OutcomeUnknown, RateLimited, Transient
from kernel.http import HttpResponse

VALUES = [
    (Decimal("4.2000"), {"__class__": "Decimal", "decimal": "4.2000"}),
    (dt.date(2026, 2, 28), {"__class__": "date", "year": 2026, "month": 2, "day": 28}),
    (
        dt.datetime(2026, 11, 22, 11, 10, 28, 747275, dt.UTC),
        {
            "__class__": "datetime",
            "year": 2026,
            "month": 11,
            "day": 22,
            "hour": 11,
            "minute": 10,
            "second": 28,
            "microsecond": 747275,
        },
    ),
    (dt.time(23, 59), {"__class__": "time", "hour": 23, "minute": 59, "second": 0, "microsecond": 0}),
    (dt.timedelta(days=2, microseconds=500000), {"__class__": "timedelta", "seconds": 172800.5}),
    (b"\x00\xff", {"__class__": "bytes", "base64": "AP8="}),
]


@pytest.mark.parametrize(("value", "wire"), VALUES)
def test_values_travel_both_ways(value: object, wire: dict[str, object]) -> None:
    assert json.loads(body_encode("m", [value])) == {"id": 0, "method": "m", "params": [wire]}
    parsed = json.loads(json.dumps([{"nested": wire}]), parse_float=Decimal)
    assert value_decode(parsed) == [{"nested": value}]


def test_moments_are_sent_in_utc() -> None:
    shanghai = dt.datetime(2026, 11, 22, 8, tzinfo=dt.timezone(dt.timedelta(hours=8)))
    assert json.loads(body_encode("m", [shanghai]))["params"][0]["hour"] == 0


def test_numbers_keep_their_digits() -> None:
    assert value_decode(json.loads("[10.25, 0.1, 7]", parse_float=Decimal)) == [
        Decimal("10.25"),
        Decimal("0.1"),
        7,
    ]


def test_what_has_no_form_is_refused() -> None:
    with pytest.raises(TypeError, match="object"):
        body_encode("m", [object()])


@pytest.mark.parametrize("text", ["200", "1.5", "0.1", "10.25", "1E+3", "123456789.123"])
def test_quantities_are_exact(text: str) -> None:
    assert Decimal(repr(quantity_encode(Decimal(text)))) == Decimal(text)


def test_a_quantity_that_would_change_is_refused() -> None:
    with pytest.raises(ValueError, match="more digits"):
        quantity_encode(Decimal("0.12345678901234567890"))


# Recorded from trytond 8.2.1 on 2026-11-22.
ERRORS: list[tuple[Any, type[BatonError], str]] = [
    (["UserError", ["You may not access Purchase.", "Within groups: Stock", None]], UserRefusal,
     "You may not access Purchase. Within groups: Stock"),
    (["UserWarning", ["2f0a.done", 'Stock moves "30 u" have no origin.', ""]], UserRefusal,
     'Stock moves "30 u" have no origin.'),
    (["ConcurrencyException", "Record modified by someone else."], Conflict,
     "Record modified by someone else."),
    (["'stock.order_point'", ""], ConfigError,
     "Tryton lacks 'stock.order_point'. Activate the module that brings it."),
    (["LoginException", ["sms_code", "Code", "char"]], ConfigError,
     "Tryton asks for more than a password to log in. Use a user that needs only a password."),
    ([], RateLimited, "Tryton asks to slow down."),
]  # fmt: skip


@pytest.mark.parametrize("write", [False, True])
@pytest.mark.parametrize(("error", "kind", "message"), ERRORS)
def test_errors_in_a_success(error: Any, kind: type[BatonError], message: str, write: bool) -> None:
    read = error_read(error, write=write)
    assert type(read) is kind
    assert read.message == message


def test_a_failure_of_the_server_shows_no_traceback() -> None:
    error = ["list_method() takes 2 positional arguments", "Traceback: secret-in-a-frame"]
    on_read, on_write = error_read(error, write=False), error_read(error, write=True)
    assert (type(on_read), type(on_write)) == (Transient, OutcomeUnknown)
    assert "secret" not in on_read.message + on_write.message


def test_a_locked_record_is_a_conflict() -> None:
    with pytest.raises(Conflict):
        status_check(HttpResponse(423, {}, b"Locked"), write=True)
