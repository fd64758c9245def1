"""An address is called once, with an administrator's secrets, nowhere else; what it answers decides what follows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from django.db import connection as database

from kernel import clock
from messaging.models import Interaction
from tests.workflows.engine.source import Source, telling
from workflows.actions.http_request import ACTION
from workflows.blocks import RuleScope
from workflows.conditions import ConditionSchema, FieldSpec, FieldType
from workflows.models import HttpAddress, Run, Step

pytestmark = pytest.mark.database
SECRET = "Bearer 7c1f-geheim"


class Far:
    """The other side: notes what arrives, and answers as told."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, Any]] = []
        self.keys: list[str] = []
        self.answers: list[tuple[int, Any]] = []
        far = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                assert self.headers["authorization"] == SECRET
                far.seen.append((self.command, self.path, body))
                far.keys.append(self.headers["idempotency-key"])
                status, said = far.answers.pop(0) if far.answers else (200, {})
                payload = json.dumps(said).encode()
                if status == 0:  # takes it, and never answers
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("content-length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            do_GET = do_POST = answer

            def log_message(self, *_args: Any) -> None:
                """Nothing on the terminal."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/api"


@pytest.fixture
def far(source: Source, settings: Any) -> Iterator[Far]:
    settings.BATON_ALLOW_NETS = "127.0.0.0/8"
    found = Far()
    thread = Thread(target=found.server.serve_forever, daemon=True)
    thread.start()
    HttpAddress.objects.create(
        slug="credit",
        name="Credit check",
        connection=source.connection,
        base_url=found.url,
        secrets={"Authorization": SECRET},
    )
    yield found
    found.server.shutdown()
    found.server.server_close()
    thread.join()


def calling(**params: Any) -> dict[str, Any]:
    return {
        "action": "http_request",
        "params": {"address": "credit", "method": "GET", "path": "score", **params},
    }


def fire(source: Source, *steps: Any) -> None:
    source.rule(steps=list(steps))
    source.tell(120, 90)
    source.work()


def told() -> list[str]:
    return [each.card["title"] for each in Interaction.objects.order_by("pk")]


CODE = {"name": "code", "value": {"var": "record.product_code"}}
SCORE = {"name": "score", "path": "data.score", "type": "decimal"}


def by_score(at_least: int) -> dict[str, Any]:
    condition = {">=": [{"var": "result.score"}, at_least]}
    return {
        "action": "branch",
        "params": {"condition": condition, "then": [telling("good")], "otherwise": [telling("bad")]},
    }


@pytest.mark.parametrize(
    ("score", "way"), [(12.5, "good"), ("12.49", "bad"), ({"x": 1}, "bad"), (None, "bad")]
)
def test_what_it_answers_decides_what_follows(source: Source, far: Far, score: Any, way: str) -> None:
    far.answers = [(200, {"data": {"score": score}})]
    condition = by_score(0)
    condition["params"]["condition"] = {">=": [{"var": "result.score"}, {"var": "record.unit_price"}]}
    source.rule(steps=[calling(path="items/{code}/score", inputs=[CODE], keep=[SCORE]), condition])
    source.tell(120, 90, sku="A/B ?", price="12.5")
    source.work()
    assert far.seen == [("GET", "/api/items/A%2FB%20%3F/score", None)]
    assert (told(), Run.objects.get().state) == ([way], "done")


def test_inputs_the_path_does_not_name_go_into_the_query(source: Source, far: Far) -> None:
    fire(source, calling(inputs=[CODE, {"name": "最小", "value": "1&2"}]))
    assert far.seen == [("GET", "/api/score?code=A&%E6%9C%80%E5%B0%8F=1%262", None)]


def test_a_body_is_an_object_of_texts(source: Source, far: Far) -> None:
    fire(source, calling(method="POST", body=[CODE, {"name": "on_hand", "value": {"var": "record.on_hand"}}]))
    assert far.seen == [("POST", "/api/score", {"code": "A", "on_hand": "90"})]
    step = Step.objects.get()
    assert (step.state, step.output["results"]) == ("done", {"status": 200, "ok": True})
    assert far.keys == [step.idempotency_key.hex]


def test_a_refusal_ends_the_run_or_is_gone_on_with(source: Source, far: Far) -> None:
    far.answers = [(404, {}), (404, {})]
    fire(source, calling(), telling("after"))
    assert (told(), Step.objects.get().state, Run.objects.get().outcome) == ([], "refused", "refused")
    source.rule(key="on", steps=[calling(go_on=True), telling("after")])
    source.tell(120, 80)
    source.work()
    assert told() == ["after"]


def test_a_lost_answer_is_not_asked_for_again_by_sending_it_twice(source: Source, far: Far) -> None:
    far.answers = [(0, {})]
    fire(source, calling(method="POST"))
    assert Step.objects.get().state == "ready"
    clock.shift(60)
    source.work()
    step = Step.objects.get()
    assert (len(far.seen), step.state) == (1, "dead")
    assert "may have arrived" in step.reason


def test_where_repeats_are_recognised_it_is_sent_again_with_the_same_key(source: Source, far: Far) -> None:
    HttpAddress.objects.update(repeats_safely=True)
    far.answers = [(0, {}), (503, {})]
    fire(source, calling(method="POST"))
    for seconds in (60, 120):
        clock.shift(seconds)
        source.work()
    assert (len(far.seen), len(set(far.keys)), Step.objects.get().state) == (3, 1, "done")


def test_whom_it_asks_to_wait_waits(source: Source, far: Far) -> None:
    far.answers = [(429, {})]
    fire(source, calling(method="POST"))
    step = Step.objects.get()
    assert (step.state, step.sent_at) == ("ready", None)
    clock.shift(60)
    source.work()
    assert (len(far.seen), Step.objects.get().state) == (2, "done")


@pytest.mark.parametrize("change", [{"active": False}, {"slug": "other"}])
def test_an_address_that_is_not_allowed_any_more_is_not_called(source: Source, far: Far, change: Any) -> None:
    HttpAddress.objects.update(**change)
    fire(source, calling())
    assert (far.seen, Step.objects.get().state) == ([], "dead")


def test_a_private_network_is_closed_unless_opened(source: Source, far: Far, settings: Any) -> None:
    settings.BATON_ALLOW_NETS = ""
    fire(source, calling())
    assert (far.seen, Step.objects.get().state) == ([], "dead")


def test_an_answer_beyond_all_measure_is_refused(source: Source, far: Far) -> None:
    far.answers = [(200, "x" * 300_000)]
    fire(source, calling())
    assert (len(far.seen), Step.objects.get().state) == (1, "dead")


def test_secrets_are_stored_encrypted(far: Far) -> None:
    with database.cursor() as cursor:
        cursor.execute("SELECT secrets FROM workflows_httpaddress")
        (stored,) = cursor.fetchone()
    assert SECRET not in stored
    assert SECRET not in repr(HttpAddress.objects.get().secrets)


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, []),
        ({"address": "elsewhere"}, [("/address", "unknown_address")]),
        ({"method": "TRACE"}, [("/method", "unknown")]),
        ({"path": "http://evil/"}, [("/path", "path")]),
        ({"path": "//evil/"}, [("/path", "path")]),
        ({"path": "../admin"}, [("/path", "path")]),
        ({"path": "items/{code}"}, [("/path", "unfilled")]),
        (
            {"body": [{"name": "x", "value": {"var": "record.nonsense"}}]},
            [("/body/0/value/var", "field_unknown")],
        ),
        ({"keep": [{"name": "9", "path": "a"}]}, [("/keep/0/name", "pattern")]),
        ({"keep": [{"name": "a"}]}, [("/keep/0/path", "missing")]),
    ],
)
def test_what_speaks_against_it(params: dict[str, Any], found: list[tuple[str, str]]) -> None:
    schema = ConditionSchema({"record.on_hand": FieldSpec("record.on_hand", FieldType.DECIMAL, 3)})
    scope = RuleScope(None, schema, None, frozenset(), {}, frozenset(), {"credit": "Credit"})  # type: ignore[arg-type, dict-item]
    problems = ACTION.check({**calling()["params"], **params}, scope, "")
    assert [(each.pointer, each.code) for each in problems] == found
