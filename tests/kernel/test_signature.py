"""Signed requests: the published vector, and secrets that cannot be used."""

from __future__ import annotations

import datetime as dt

import pytest

from kernel.errors import AuthFailed, ConfigError
from kernel.signature import headers_sign, headers_verify, secret_bytes

# The reference vector of Standard Webhooks.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
MOMENT = dt.datetime.fromtimestamp(1614265330, dt.UTC)
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


def test_the_reference_vector() -> None:
    key = secret_bytes(SECRET)
    assert headers_sign(key, HEADERS["webhook-id"], BODY, MOMENT) == HEADERS
    assert headers_verify(key, HEADERS, BODY, MOMENT) == "msg_p5jXN8AQM9LWM0D4loKWxJek"


def test_any_of_several_signatures_is_enough_but_not_of_hundreds() -> None:
    key, good = secret_bytes(SECRET), HEADERS["webhook-signature"]
    few, many = f"v1a,AAAA v1,AAAA {good}", f"{'v1,AAAA ' * 500}{good}"
    assert headers_verify(key, {**HEADERS, "webhook-signature": few}, BODY, MOMENT)
    with pytest.raises(AuthFailed):
        headers_verify(key, {**HEADERS, "webhook-signature": many}, BODY, MOMENT)


@pytest.mark.parametrize("identifier", ["", "a.b", "x" * 151, "é"])
def test_an_id_that_could_be_cut_differently_or_not_be_stored_is_refused(identifier: str) -> None:
    key = secret_bytes(SECRET)
    headers = headers_sign(key, identifier, BODY, MOMENT)
    with pytest.raises(AuthFailed, match="webhook-id"):
        headers_verify(key, headers, BODY, MOMENT)


@pytest.mark.parametrize("stamp", ["", "-1", "²", "1e9", "1" * 13, "1614265330.5", "٣"])
def test_a_stamp_that_is_no_plain_number_is_refused(stamp: str) -> None:
    with pytest.raises(AuthFailed, match="webhook-timestamp"):
        headers_verify(secret_bytes(SECRET), {**HEADERS, "webhook-timestamp": stamp}, BODY, MOMENT)


def test_other_secrets_are_taken_as_text() -> None:
    assert secret_bytes(" plain 文 ") == "plain 文".encode()
    assert len(secret_bytes(SECRET)) == 24


@pytest.mark.parametrize("secret", ["", " ", "whsec_", "whsec_%%%%", "whsec_abc"])
def test_an_unusable_secret_is_told_without_being_quoted(secret: str) -> None:
    with pytest.raises(ConfigError) as caught:
        secret_bytes(secret)
    assert "%%%%" not in str(caught.value)
