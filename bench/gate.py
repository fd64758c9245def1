"""What the permission gate costs: a filtered page over a million records, and a thousand people for one record.

Run on a database of its own: DATABASE_URL=postgresql://…/baton_bench_gate python -m bench.gate
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable, Iterable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.contrib.auth.models import Group  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from connectors.models import Connection, Record  # noqa: E402
from kernel.generation import generations_held  # noqa: E402
from permissions.filters import visible_records  # noqa: E402
from permissions.models import Grant, Identity, User  # noqa: E402
from permissions.policies import Gate, people_decide  # noqa: E402

RECORDS = 1_000_000
VALUES = 5_000
SCOPES = 1_000
PEOPLE = 1_000
ROUNDS = 25
PAGE = 51


def _erp() -> Connection:
    found, _made = Connection.objects.get_or_create(
        slug="bench", defaults={"name": "Bench", "connector": "erp.webhook", "kind": "erp", "state": "active"}
    )
    return found


def records_lay() -> None:
    """Half stock levels in VALUES warehouses, half customers of VALUES salespeople in ten companies."""
    pk = _erp().pk
    if Record.objects.count() >= RECORDS:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO connectors_record
                (connection_id, object, key, data, fingerprint, gone, planned_version, company, warehouse,
                 salesperson, department, region, supplier_group, first_seen_at, updated_at)
            SELECT %s, CASE WHEN n %% 2 = 0 THEN 'stock_level' ELSE 'customer' END, 'K' || n, '{}', '', false, '',
                   'C' || ((n / 2) %% 10), CASE WHEN n %% 2 = 0 THEN 'W' || ((n / 2) %% %s) ELSE '' END,
                   CASE WHEN n %% 2 = 1 THEN 'S' || ((n / 2) %% %s) ELSE '' END, '', '', '', now(), now()
            FROM generate_series(1, %s) AS n
            """,
            [pk, VALUES, VALUES, RECORDS],
        )
        cursor.execute("ANALYZE connectors_record")


def _person(name: str, grants: Iterable[dict[str, Any]], accounts: Iterable[str] = ()) -> User:
    User.objects.filter(username=name).delete()
    person = User.objects.create(username=name)
    Grant.objects.bulk_create(Grant(user=person, verbs=["see"], **each) for each in grants)
    Identity.objects.bulk_create(
        Identity(connection=_erp(), external_id=each, user=person) for each in accounts
    )
    return person


def readers() -> dict[str, User]:
    """The shapes a company's scopes take."""
    stock, customers = {"objects_covered": ["stock_level"]}, {"objects_covered": ["customer"]}
    values = [f"W{number * 4}" for number in range(SCOPES)]
    return {
        "one_grant_1000_warehouses": _person("b1", [{**stock, "scopes": {"warehouse": values}}]),
        "1000_grants_one_warehouse_each": _person(
            "b2", ({**stock, "scopes": {"warehouse": [each]}} for each in values)
        ),
        "1000_pairs_of_company_and_salesperson": _person(
            "b3",
            (
                {**customers, "scopes": {"company": [f"C{number % 10}"], "salesperson": [f"S{number}"]}}
                for number in range(SCOPES)
            ),
        ),
        "own_customers_of_one": _person(
            "b4", [{**customers, "scopes": {"company": ["*"], "salesperson": ["@own"]}}], ["S77"]
        ),
        "one_warehouse": _person("b5", [{**stock, "scopes": {"warehouse": ["W4999"]}}]),
        "1000_warehouses_without_records": _person(
            "b6", [{**stock, "scopes": {"warehouse": [f"N{number}" for number in range(SCOPES)]}}]
        ),
    }


def _milliseconds(act: Callable[[], object]) -> dict[str, float]:
    """The fastest is what it costs; the median also tells how busy the machine was."""
    spent = []
    act()
    for _round in range(ROUNDS):
        started = time.perf_counter()
        act()
        spent.append((time.perf_counter() - started) * 1000)
    return {"fastest_ms": round(min(spent), 2), "median_ms": round(statistics.median(spent), 2)}


def page_measure(person: User) -> dict[str, Any]:
    """The gate built anew, the filter compiled, one page read: what a request pays."""

    def page() -> list[Record]:
        return list(visible_records(Gate(person)).order_by("-pk")[:PAGE])

    return {"rows": len(page()), **_milliseconds(page)}


def people_measure() -> dict[str, Any]:
    """One record and PEOPLE members of a role, each with a grant of the own besides."""
    role, _made = Group.objects.get_or_create(name="bench")
    User.objects.filter(username__startswith="member").delete()
    members = User.objects.bulk_create(User(username=f"member{number}") for number in range(PEOPLE))
    role.user_set.set(members)
    Grant.objects.filter(group=role).delete()
    Grant.objects.create(
        group=role, objects_covered=["stock_level"], verbs=["see"], scopes={"warehouse": ["W1"]}
    )
    Grant.objects.bulk_create(
        Grant(user=each, objects_covered=["stock_level"], verbs=["see"], scopes={"warehouse": ["W2", "W3"]})
        for each in members
    )
    record = Record.objects.filter(object="stock_level", warehouse="W2").first()
    assert record is not None
    with generations_held():
        spent = _milliseconds(lambda: people_decide(members, record))
    return {**spent, "per_person_ms": round(spent["fastest_ms"] / PEOPLE, 4)}


if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    records_lay()
    print(json.dumps({"records": Record.objects.count(), "database": connection.vendor}))
    for name, reader in readers().items():
        print(json.dumps({"page": name, **page_measure(reader)}))
    print(json.dumps({"people": PEOPLE, **people_measure()}))
