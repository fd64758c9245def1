"""POST /hooks/<connection>/: stored before it is answered, refused with the right number, together when many come."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import hmac
import json
from typing import Any

import pytest
from django.db import DatabaseError

from connectors.intake import asgi
from connectors.intake.store import Received, received_store
from connectors.models import Connection, Event
from connectors.selectors import GENERATION
from connectors.services.connections import hook_token_renew
from kernel import clock
from kernel.generation import generation_bump
from kernel.signature import headers_sign, secret_bytes
from tests.connectors.intake.door import Door
from tests.workflows.engine.source import Source


def change(source: Source, **values: Any) -> None:
    for name, value in values.items():
        setattr(source.connection, name, value)
    source.connection.save()
    generation_bump(GENERATION)


def test_it_is_answered_only_after_the_row_can_be_read_by_others(source: Source, door: Door) -> None:
    seen: list[int] = []
    door.on_start = lambda: seen.append(Event.objects.count())
    answered = door.post(source.item(90))
    assert (answered.status, answered.json) == (200, {"accepted": 1, "duplicates": 0, "quarantined": []})
    assert answered.headers["content-type"] == "application/json"
    assert seen == [1]
    assert Event.objects.values_list("state", "key", "source_event_id").get() == ("new", "A@EAST", "e1")


def test_an_array_is_counted_item_by_item(source: Source, door: Door) -> None:
    first, bad = source.item(90), source.item("many")
    answered = door.post([first, bad, 5, first, {"id": "e9", "qty": 1}])
    assert answered.json["accepted"] == 4
    assert answered.json["duplicates"] == 1
    assert [each["index"] for each in answered.json["quarantined"]] == [1, 2, 4]
    assert answered.json["quarantined"][0]["reason"] == "On hand cannot be read from “many”."
    assert answered.json["quarantined"][1]["reason"] == "The item is not a JSON object."
    again = door.post([first, bad])
    assert (again.json["accepted"], again.json["duplicates"]) == (0, 2)
    assert Event.objects.count() == 4
    source.plan()
    assert list(Event.objects.order_by("id").values_list("state", flat=True)) == [
        "planned", "needs_mapping", "needs_mapping", "needs_mapping",
    ]  # fmt: skip


def test_events_without_an_id_are_told_apart_by_their_content(source: Source, door: Door) -> None:
    item = {**source.item(90), "id": None}
    assert door.post([item, {**item, "qty": 91}, item]).json == {
        "accepted": 2,
        "duplicates": 1,
        "quarantined": [],
    }


def test_a_long_id_is_not_cut_into_somebody_elses(source: Source, door: Door) -> None:
    one, two = "x" * 195 + "1", "x" * 195 + "2"
    assert door.post([source.item(90, id=one), source.item(91, id=two)]).json["accepted"] == 2


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        ({"path": "/hooks/nobody/"}, 404, "No connection takes events here."),
        ({"path": "/hooks/Source/"}, 404, "There is nothing here."),
        ({"path": "/hooks/source"}, 404, "There is nothing here."),
        ({"method": "GET"}, 405, "POST"),
        ({"headers": {"authorization": ""}}, 401, "no valid token or signature"),
        ({"headers": {"authorization": "Bearer wrong"}}, 401, "no valid token or signature"),
        ({"headers": {"authorization": "Bearer \xe9\xff"}}, 401, "no valid token or signature"),
        ({"headers": {"content-type": "text/plain"}}, 415, "application/json"),
        ({"headers": {"content-type": ""}}, 415, "application/json"),
        ({"headers": {"content-length": "99999999"}}, 413, "At most 1048576 bytes"),
        ({"headers": {"content-length": "9" * 5_000}}, 413, "At most 1048576 bytes"),
        ({"body": b"x" * 1_048_577, "chunks": 5}, 413, "At most 1048576 bytes"),
        ({"body": b"{}", "ends": False}, 400, "ended early"),
        ({"body": b"nothing"}, 400, "not JSON"),
        ({"body": b'{"a": NaN}'}, 400, "NaN is not JSON"),
        ({"body": b"[" * 50_000}, 400, "not JSON"),
    ],
)
def test_refusals(source: Source, door: Door, options: dict[str, Any], status: int, words: str) -> None:
    body = options.pop("body", json.dumps(source.item(90)).encode())
    answered = door.post(body, **options)
    assert answered.status == status
    assert words in answered.json["detail"]
    assert door.token not in answered.body.decode() + str(answered.headers)
    assert door.secret not in answered.body.decode()
    assert Event.objects.count() == 0


def test_refusals_name_what_is_allowed(source: Source, door: Door) -> None:
    assert door.post({}, method="PUT").headers["allow"] == "POST"
    assert door.post({}, headers={"authorization": ""}).headers["www-authenticate"] == "Bearer"


def test_a_length_that_is_no_number_is_no_crash(source: Source, door: Door) -> None:
    assert door.post(source.item(90), headers={"content-length": "\xb2"}).status == 200


@pytest.mark.parametrize(
    ("state", "status"), [("paused", 403), ("draft", 404), ("auth_failed", 200), ("active", 200)]
)
def test_the_state_of_the_connection(source: Source, door: Door, state: str, status: int) -> None:
    assert door.post(source.item(90)).status == 200
    change(source, state=state)
    assert door.post(source.item(91)).status == status
    assert Event.objects.count() == (2 if status == 200 else 1)


def test_a_paused_connection_tells_strangers_nothing(source: Source, door: Door) -> None:
    change(source, state="paused")
    assert door.post(source.item(90), headers={"authorization": "Bearer wrong"}).status == 401


def signed(door: Door, body: bytes, *, age_seconds: int = 0, secret: str | None = None) -> dict[str, str]:
    moment = clock.now() - dt.timedelta(seconds=age_seconds)
    return {"authorization": "", **headers_sign(secret_bytes(secret or door.secret), "msg-1", body, moment)}


def test_both_styles_of_signature(source: Source, door: Door) -> None:
    body = json.dumps(source.item(90)).encode()
    assert door.post(body, headers=signed(door, body)).status == 200
    digest = "sha256=" + hmac.new(door.secret.encode(), body, hashlib.sha256).hexdigest()
    plain = {"authorization": "", "x-baton-signature": digest}
    assert door.post(body, headers=plain).json["duplicates"] == 1
    assert door.post(body + b" ", headers=plain).status == 401
    assert door.post(body, headers={**plain, "x-baton-signature": digest.upper()}).status == 401


@pytest.mark.parametrize(
    ("age_seconds", "status"), [(0, 200), (299, 200), (302, 401), (-299, 200), (-302, 401), (86_400, 401)]
)
def test_a_stale_signature_is_no_proof(source: Source, door: Door, age_seconds: int, status: int) -> None:
    body = json.dumps(source.item(90)).encode()
    assert door.post(body, headers=signed(door, body, age_seconds=age_seconds)).status == status
    assert Event.objects.count() == (1 if status == 200 else 0)


def test_another_secret_or_another_body_is_no_proof(source: Source, door: Door) -> None:
    body = json.dumps(source.item(90)).encode()
    assert door.post(body, headers=signed(door, body, secret="another")).status == 401
    assert door.post(body.replace(b"90", b"10"), headers=signed(door, body)).status == 401
    assert Event.objects.count() == 0


def test_a_stored_secret_that_cannot_be_used_is_told_and_stops_nobody(source: Source, door: Door) -> None:
    change(source, credentials={"hook_hmac_secret": "whsec_!!!", "hook_token": door.token})
    assert door.post(source.item(90)).status == 200
    answered = door.post(source.item(91), headers={"authorization": "", "x-baton-signature": "sha256=00"})
    assert answered.status == 500
    assert "not base64" in answered.json["detail"]
    assert "!!!" not in answered.body.decode()
    assert door.post(source.item(92)).status == 200


def test_a_connection_without_secrets_takes_nothing(source: Source, door: Door) -> None:
    change(source, credentials={})
    for authorization in ("Bearer ", "Bearer", f"Bearer {door.token}"):
        assert door.post(source.item(90), headers={"authorization": authorization}).status == 401


def test_a_new_token_ends_the_old_one_at_once(source: Source, door: Door) -> None:
    assert door.post(source.item(90)).status == 200
    fresh = hook_token_renew(None, Connection.objects.get(slug="source"))
    assert door.post(source.item(91)).status == 401
    assert door.post(source.item(91), headers={"authorization": f"Bearer {fresh}"}).status == 200


def test_the_sender_reads_its_own_language(source: Source, door: Door) -> None:
    english = door.post(source.item("many"))
    assert english.json["quarantined"][0]["reason"] == "On hand cannot be read from “many”."
    chinese = door.post(source.item("many"), headers={"accept-language": "zh-CN"})
    assert "现存量" in chinese.json["quarantined"][0]["reason"]


def test_other_paths_are_somebody_elses(source: Source, door: Door) -> None:
    assert door.post({}, path="/api/v1/events/").status == 299


def gathered(door: Door, bodies: list[bytes]) -> list[int]:
    async def all_at_once() -> list[int]:
        answers = await asyncio.gather(*(door.request(body) for body in bodies))
        return [each.status for each in answers]

    return asyncio.run(all_at_once())


def test_two_hundred_requests_at_once_share_commits(
    source: Source, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, sizes = received_store, []

    def counted(batch: list[Received]) -> None:
        sizes.append(len(batch))
        store(batch)

    monkeypatch.setattr(asgi, "received_store", counted)
    bodies = [json.dumps(source.item(90, sku=f"S{number}")).encode() for number in range(200)]
    assert gathered(door, bodies) == [200] * 200
    assert Event.objects.count() == 200
    assert sum(sizes) == 200
    assert len(sizes) <= 20


def test_only_the_guilty_request_of_a_shared_commit_is_sent_away(
    source: Source, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = received_store

    def failing(batch: list[Received]) -> None:
        store(batch)
        if any(item.get("sku") == "BAD" for request in batch for item in request.items):
            raise DatabaseError("no")

    monkeypatch.setattr(asgi, "received_store", failing)
    skus = [f"S{number}" for number in range(20)] + ["BAD"] + [f"T{number}" for number in range(20)]
    statuses = gathered(door, [json.dumps(source.item(90, sku=sku)).encode() for sku in skus])
    assert statuses == [503 if sku == "BAD" else 200 for sku in skus]


def test_what_cannot_be_stored_is_told_and_the_next_is_taken(
    source: Source, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_batch: list[Received]) -> None:
        raise DatabaseError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(asgi, "received_store", failing)
        answered = door.post(source.item(90))
    assert (answered.status, answered.headers["retry-after"]) == (503, "1")
    assert "disk full" not in answered.body.decode()
    assert door.post(source.item(90)).json["accepted"] == 1


def test_too_many_waiting_requests_are_asked_to_come_later(
    source: Source, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asgi, "MOST_WAITING", 0)
    answered = door.post(source.item(90))
    assert (answered.status, answered.headers["retry-after"]) == (429, "1")
    assert Event.objects.count() == 0


def test_odd_text_is_stored_without_what_no_database_takes(source: Source, door: Door) -> None:
    body = b'[{"id": "o1", "sku": "a\\u0000b", "warehouse": "\\ud800", "qty": 1, "level": 1}]'
    assert door.post(body).json == {"accepted": 1, "duplicates": 0, "quarantined": []}
    assert Event.objects.get().key == "a\N{REPLACEMENT CHARACTER}b@\N{REPLACEMENT CHARACTER}"
    assert door.post(b'{"id": "o2", "sku": "A", "warehouse": "E", "qty": 1e400}').json["accepted"] == 1
    assert Event.objects.get(source_event_id="o2").state == "needs_mapping"
