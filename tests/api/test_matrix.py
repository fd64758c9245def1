"""Who may do what: every address of the API × every person of the demo company × a stranger.

The table below has one row per address and method. It is compared with the URL conf, so an address without an
entry fails; and a refused request may write nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, reverse
from rest_framework.test import APIClient

from config.urls import urlpatterns
from demo.company import SHOWCASE
from demo.people import PEOPLE
from demo.services.prepare import password
from messaging.services.emergency import emergency_open
from permissions.models import BreakGlass, Grant
from permissions.services.signing import signature_sign
from tests.api.conftest import Speak, written
from tests.company import DemoCompany
from workflows.models import DisclosureMonth, Rule, Run, Step, StepState
from workflows.services.backtests import backtest_start
from workflows.services.bulk import bulk_start
from workflows.services.disclosures import disclosures_fold
from workflows.services.letters import Replay

pytestmark = pytest.mark.database
ROLES = ("", *(each.login for each in PEOPLE))
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass
class World:
    """One card is open, one step is a dead letter."""

    company: DemoCompany
    login: str = ""

    def __post_init__(self) -> None:
        self.company.sell()
        self.run = Run.objects.get()
        self.rule = Rule.objects.get()
        self.dead = Step.objects.create(
            run=self.run,
            path="/steps/0/buttons/create_po/then/0",
            action="create_document",
            state=StepState.DEAD,
        )
        analyst = self.company.user("analyst")
        self.backtest = backtest_start(analyst, self.rule, self.rule.draft, 7)
        self.card = self.company.interaction().uid
        disclosures_fold()


Body = Callable[[World], dict[str, Any]]
Allowed = dict[str, int]


@dataclass(frozen=True)
class Entry:
    """`allowed` maps logins to their status (`*`: everybody signed in); all others get `other`."""

    allowed: Allowed
    other: int = 404
    stranger: int = 401
    path: Callable[[World], dict[str, Any]] = lambda world: {}
    body: Body = lambda world: {}
    query: str = ""

    def expected(self, login: str) -> int:
        if not login:
            return self.stranger
        return self.allowed.get(login, self.allowed.get("*", self.other))


def _connection(world: World) -> dict[str, Any]:
    return {"pk": world.company.connection.pk}


def _rule(world: World) -> dict[str, Any]:
    return {"pk": world.rule.pk}


def _version(world: World) -> dict[str, Any]:
    return {"pk": world.rule.pk, "number": 1}


def _backtest(world: World) -> dict[str, Any]:
    return {"pk": world.rule.pk, "number": world.backtest.pk}


def _run(world: World) -> dict[str, Any]:
    return {"pk": world.run.pk}


def _card(world: World) -> dict[str, Any]:
    return {"uid": world.card}


def _line(world: World) -> dict[str, Any]:
    return {"line": DisclosureMonth.objects.earliest("pk").pk}


def _signature(world: World) -> dict[str, Any]:
    owner, buyer = world.company.user("owner"), world.company.user("buyer")
    return {"pk": signature_sign(owner, buyer, "stock_level", "cost", None).pk}


def _emergency(world: World) -> dict[str, Any]:
    """Of a kind of record that no other address shows here."""
    known = BreakGlass.objects.first()
    reason = "The suppliers are not read at all"
    return {"pk": (known or emergency_open(world.company.user("it"), ["supplier"], [], reason, 30)).pk}


def _new_connection(world: World) -> dict[str, Any]:
    return {"name": "Shop", "slug": "shop", "connector": "erp.webhook", "settings": {}}


def _new_rule(world: World) -> dict[str, Any]:
    return {
        "key": "copy",
        "name": {"en": "Copy"},
        "connection": world.company.connection.pk,
        "draft": world.rule.draft,
    }


def _sign_in(world: World) -> dict[str, Any]:
    known = bool(world.login)
    return {"username": world.login or "buyer", "password": password() if known else "wrong"}


def _letters(world: World) -> dict[str, Any]:
    return {"act": "discard", "letters": [{"kind": "step", "id": world.dead.pk}]}


def _operation(world: World) -> dict[str, Any]:
    actor = world.company.user("analyst")
    return {"pk": bulk_start(actor, "discard", [("step", world.dead.pk)], Replay()).pk}


LISTS_LETTERS = {"it": 200, "analyst": 200, "owner": 200, "auditor": 200}
EVERYBODY = {"*": 200}
IT_ONLY = {"it": 200, "analyst": 403, "auditor": 403}
READS_RULES = {"analyst": 200, "owner": 200, "auditor": 200}
WRITES_RULES = {"analyst": 200, "owner": 403, "auditor": 403}

TABLE: dict[tuple[str, str], Entry] = {
    ("schema", "get"): Entry(EVERYBODY, stranger=200),
    ("token", "post"): Entry(EVERYBODY, body=_sign_in),
    ("connections", "get"): Entry(EVERYBODY),
    ("connections", "post"): Entry({"it": 201}, other=403, body=_new_connection),
    ("connection", "get"): Entry({"it": 200, "analyst": 200, "auditor": 200}, path=_connection),
    ("connection", "patch"): Entry(IT_ONLY, path=_connection, body=lambda world: {"name": "Demo"}),
    ("connection-check", "post"): Entry(IT_ONLY, path=_connection),
    ("connection-discover", "get"): Entry(IT_ONLY, path=_connection),
    ("connection-discover", "post"): Entry(IT_ONLY, path=_connection),
    ("connection-pause", "post"): Entry(IT_ONLY, path=_connection),
    ("connection-resume", "post"): Entry(IT_ONLY, path=_connection),
    ("rules", "get"): Entry(EVERYBODY),
    ("rules", "post"): Entry({"analyst": 201}, other=403, body=_new_rule),
    ("rule", "get"): Entry(READS_RULES, path=_rule),
    ("rule", "patch"): Entry(WRITES_RULES, path=_rule, body=lambda world: {"name": {"en": "Other"}}),
    ("rule-check", "post"): Entry(READS_RULES, path=_rule),
    ("rule-publish", "post"): Entry(WRITES_RULES, path=_rule),
    ("catalogue", "get"): Entry(EVERYBODY),
    ("catalogue-object", "get"): Entry(
        {"analyst": 200},
        path=lambda world: {"connection": world.company.connection.pk, "object": "stock_level"},
    ),
    ("rule-sentence", "post"): Entry(
        {"it": 200, "analyst": 200, "auditor": 200},
        other=400,
        body=lambda world: {"connection": world.company.connection.pk, "draft": {}},
    ),
    ("rule-text", "post"): Entry(READS_RULES, path=_rule, body=lambda world: {"text": "When"}),
    ("packs", "get"): Entry({"analyst": 200}, path=lambda world: {"connection": world.company.connection.pk}),
    ("pack", "post"): Entry(
        {"analyst": 200},
        path=lambda world: {"connection": world.company.connection.pk, "key": "large_order"},
        body=lambda world: {"answers": {}},
    ),
    ("rule-versions", "get"): Entry(READS_RULES, path=_rule),
    ("rule-version", "get"): Entry(READS_RULES, path=_version),
    ("rule-differences", "get"): Entry(READS_RULES, path=_rule, query="?from=1"),
    ("rule-rollback", "post"): Entry(WRITES_RULES, path=_rule, body=lambda world: {"number": 1}),
    ("rule-duplicate", "post"): Entry({"analyst": 201, "owner": 403, "auditor": 403}, path=_rule),
    ("rule-already", "post"): Entry({"analyst": 200, "owner": 403, "auditor": 403}, path=_rule),
    ("rule-start", "post"): Entry(
        {"analyst": 409, "owner": 403, "auditor": 403},
        path=_rule,
        body=lambda world: {"record": "A", "request_id": "1"},
    ),
    ("rule-schedule", "get"): Entry(READS_RULES, path=_rule),
    ("rule-owner", "post"): Entry(WRITES_RULES, path=_rule, body=lambda world: {"username": "analyst"}),
    ("rule-dryrun", "post"): Entry(
        {"analyst": 200, "owner": 403, "auditor": 403},
        path=_rule,
        body=lambda world: {"event": world.run.event_id},
    ),
    ("backtests", "get"): Entry(READS_RULES, path=_rule),
    ("backtests", "post"): Entry(
        {"analyst": 201, "owner": 403, "auditor": 403}, path=_rule, body=lambda world: {"days": 7}
    ),
    ("backtest", "get"): Entry({"analyst": 200}, path=_backtest),
    ("backtest-cancel", "post"): Entry({"analyst": 200}, path=_backtest),
    ("backtest-hits", "get"): Entry({"analyst": 200}, path=_backtest),
    ("rule-launch", "get"): Entry(READS_RULES, path=_rule),
    ("rule-launch", "post"): Entry(WRITES_RULES, path=_rule, body=lambda world: {"step": "all"}),
    ("rule-why", "get"): Entry(
        {"analyst": 200, "auditor": 200}, path=_rule, query=f"?key={SHOWCASE[0]}%40{SHOWCASE[1]}"
    ),
    ("rule-test", "post"): Entry(
        {"analyst": 201, "owner": 403, "auditor": 403}, path=_rule, body=lambda world: {"step": "/steps/0"}
    ),
    ("rule-four-eyes", "get"): Entry(READS_RULES, path=_rule),
    ("rule-four-eyes", "post"): Entry(
        WRITES_RULES, path=_rule, body=lambda world: {"of": "rule", "on": True}
    ),
    ("rule-off", "post"): Entry(WRITES_RULES, path=_rule),
    ("rule-on", "post"): Entry(WRITES_RULES, path=_rule),
    ("events", "get"): Entry(EVERYBODY),
    ("event", "get"): Entry({"analyst": 200, "auditor": 200}, path=lambda world: {"pk": world.run.event_id}),
    ("runs", "get"): Entry(EVERYBODY),
    ("run", "get"): Entry(READS_RULES, path=_run),
    ("run-trace", "get"): Entry(READS_RULES, path=_run),
    ("step-replay", "post"): Entry(WRITES_RULES, path=lambda world: {"pk": world.dead.pk}),
    ("dead-letters", "get"): Entry(LISTS_LETTERS, other=403),
    ("bulk", "post"): Entry(dict.fromkeys(LISTS_LETTERS, 201), other=403, body=_letters),
    ("bulk-one", "get"): Entry({"analyst": 200}, path=_operation),
    ("bulk-cancel", "post"): Entry({"analyst": 200}, path=_operation),
    ("deliveries", "get"): Entry(EVERYBODY),
    ("seen", "post"): Entry(
        {"owner": 200, "auditor": 200, "buyer": 200},
        other=403,
        body=lambda world: {"person": "buyer", "kind": "event", "event": world.run.event_id},
    ),
    ("access-review", "get"): Entry({"owner": 200, "auditor": 200}, other=403),
    ("access-review-sign", "post"): Entry({"owner": 201, "auditor": 403}, body=_line),
    ("signature-withdraw", "post"): Entry({"owner": 204}, other=403, path=_signature),
    ("grant-end", "post"): Entry(
        {"owner": 204}, other=403, path=lambda world: {"pk": Grant.objects.get(note="East only").pk}
    ),
    ("emergency", "get"): Entry(EVERYBODY),
    ("emergency", "post"): Entry(
        {"it": 201},
        other=403,
        body=lambda world: {
            "objects": ["stock_level"],
            "reason": "The poll stands still at one row",
            "minutes": 30,
        },
    ),
    ("emergency-end", "post"): Entry({"it": 204, "owner": 204}, path=_emergency),
    ("rule-shares", "get"): Entry(WRITES_RULES, path=_rule),
    ("rule-shares", "post"): Entry(
        WRITES_RULES, path=_rule, body=lambda world: {"person": "buyer", "level": "view"}
    ),
    ("connection-shares", "get"): Entry(IT_ONLY, path=_connection),
    ("connection-shares", "post"): Entry(
        IT_ONLY, path=_connection, body=lambda world: {"role": "Buyers", "level": "view"}
    ),
    ("ledger", "get"): Entry(EVERYBODY),
    ("cards", "get"): Entry(EVERYBODY),
    ("cards-seen", "post"): Entry({"*": 204}, body=lambda world: {"ids": [str(world.card)]}),
    ("card", "get"): Entry({"buyer": 200}, path=_card),
    ("card-answer", "post"): Entry({"buyer": 200}, path=_card, body=lambda world: {"button": "not_now"}),
    ("card-reply", "post"): Entry({"buyer": 200}, path=_card, body=lambda world: {"text": "not now"}),
    ("nothing-here", "get"): Entry({}, stranger=404, path=lambda world: {"rest": "nothing/"}),
    ("replies", "post"): Entry({}, stranger=404, path=lambda world: {"slug": "nobody"}),
    ("healthz", "get"): Entry(EVERYBODY, stranger=200),
    ("readyz", "get"): Entry(EVERYBODY, stranger=200),
    # The test client comes from this machine, as a scraper does; somebody signed in counts as who they are.
    ("metrics", "get"): Entry(
        {"it": 200, "analyst": 200, "owner": 200, "auditor": 200}, other=403, stranger=200
    ),
}
PLAIN_VIEWS = {"nothing-here": {"get"}, "healthz": {"get"}, "readyz": {"get"}, "replies": {"post"}}
ELSEWHERE = {"admin/", "i18n/", ""}
"""Parts of the site with tests of their own."""


def _patterns() -> Iterator[URLPattern]:
    for found in cast(list[URLPattern | URLResolver], urlpatterns):
        if isinstance(found, URLPattern):
            yield found
        elif str(found.pattern) == "api/v1/":
            yield from _inside(found)


def _inside(resolver: URLResolver) -> Iterator[URLPattern]:
    for found in resolver.url_patterns:
        if isinstance(found, URLResolver):
            yield from _inside(found)
        else:
            yield found


def test_every_address_and_method_has_an_entry() -> None:
    found = set()
    for pattern in _patterns():
        assert pattern.name, f"{pattern.pattern} has no name"
        view: Any = getattr(pattern.callback, "view_class", None) or getattr(pattern.callback, "cls", None)
        methods = PLAIN_VIEWS.get(pattern.name) or {each for each in METHODS if hasattr(view, each)}
        found |= {(pattern.name, method) for method in methods}
    assert found == TABLE.keys()
    parts = {str(each.pattern) for each in urlpatterns if isinstance(each, URLResolver)}
    assert parts == ELSEWHERE | {"api/v1/"}


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_the_matrix(company: DemoCompany, speak: Speak) -> None:
    world = World(company)
    wrong = []
    for login in ROLES:
        world.login = login
        client = speak(login)
        for (name, method), entry in TABLE.items():
            expected, url = entry.expected(login), reverse(name, kwargs=entry.path(world)) + entry.query
            with undone(), CaptureQueriesContext(connection) as caught:
                answer = _ask(client, method, url, entry.body(world))
            if answer.status_code != expected:
                wrong.append(
                    f"{login or 'a stranger'}, {method} {name}: {answer.status_code}, not {expected}"
                )
            if expected >= 400:
                wrong += [f"{login}, {method} {name} wrote {sql}" for sql in written(caught)]
                assert answer.json()["detail"], name
    assert wrong == []


def _ask(client: APIClient, method: str, url: str, body: dict[str, Any]) -> Any:
    return client.get(url) if method == "get" else getattr(client, method)(url, body)


def test_a_method_an_address_does_not_have_is_refused(company: DemoCompany, speak: Speak) -> None:
    world = World(company)
    client = speak("it")
    for name, _method in TABLE:
        if name not in PLAIN_VIEWS:
            url = reverse(name, kwargs=TABLE[name, _method].path(world))
            assert client.delete(url).status_code == 405, name
