"""Years of use, made by SQL: `python -m bench.old --rows 5000000`, on an installation that bench_setup prepared.

So many planned events of the bench's connection, each with its run, step, attempt, question and delivery, all ended. They
belong to the bench's rule, person and records, so that whatever looks through them has to look through these.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import connection, models  # noqa: E402

from connectors.models import Connection, Event, Record  # noqa: E402
from messaging.models import Delivery, Interaction  # noqa: E402
from permissions.models import User  # noqa: E402
from workflows.models import Attempt, Rule, Run, Step  # noqa: E402
from workflows.services.bench import PERSON, SINK, SOURCE  # noqa: E402

AGO = "2024-01-01T00:00:00+00:00"
RECORDS = 500
PORTION = 100_000


def unique_text() -> str:
    """A number as the 32 digits of a UUID."""
    if connection.vendor == "postgresql":
        return "md5('old' || n)::uuid"
    return "printf('%%032x', n)"


def rows_make(model: type[models.Model], first: int, count: int, values: dict[str, str], start: int) -> None:
    """Rows `first` + 1 … with `values` (SQL over n = 1 …, by attribute name); the other fields have their defaults."""
    columns, expressions, params = [], [], []
    for field in model._meta.concrete_fields:
        columns.append(connection.ops.quote_name(str(field.column)))
        if field.primary_key:
            expressions.append(f"{first} + n")
        elif field.attname in values:
            expressions.append(values[field.attname])
        else:
            default = field.get_db_prep_save(field.get_default(), connection)
            expressions.append("NULL" if default is None else "%s")
            params += [] if default is None else [default]
    numbers = (
        f"generate_series({start + 1}, {start + count}) AS s(n)"
        if connection.vendor == "postgresql"
        else f"(WITH RECURSIVE s(n) AS (SELECT {start + 1} UNION ALL SELECT n + 1 FROM s WHERE n < {start + count}) "
        "SELECT n FROM s)"
    )
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(expressions)} FROM {numbers}",
            params,
        )


def last_key(model: type[models.Model]) -> int:
    return int(model._default_manager.aggregate(last=models.Max("pk"))["last"] or 0)


def records_make(source: Connection) -> int:
    """The key before the first of RECORDS records nobody posts about."""
    first = last_key(Record)
    moment = f"'{AGO}'"
    values = {"connection_id": str(source.pk), "object": "'stock_level'", "key": "'OLD-' || n"}
    rows_make(Record, first, RECORDS, {**values, "first_seen_at": moment, "updated_at": moment}, 0)
    return first


def old_make(count: int) -> None:
    source, sink = Connection.objects.get(slug=SOURCE), Connection.objects.get(slug=SINK)
    person, rule = User.objects.get(username=PERSON), Rule.objects.get(key="bench-00000")
    record = f"{records_make(source)} + 1 + (n %% {RECORDS})"
    firsts: dict[Any, int] = {
        model: last_key(model) for model in (Event, Run, Step, Attempt, Interaction, Delivery)
    }
    moment = f"'{AGO}'"

    def key(model: type[models.Model]) -> str:
        return f"{firsts[model]} + n"

    event = {
        "connection_id": str(source.pk),
        "object": "'stock_level'",
        "key": f"'OLD-' || (1 + n %% {RECORDS})",
    }
    values: dict[type[models.Model], dict[str, str]] = {
        Event: {
            **event,
            "change": "'changed'", "source": "'hook'", "state": "'planned'", "outcome": "'matched'",
            "dedupe_key": "'old-' || n", "detected_at": moment, "planned_at": moment,
        },
        Interaction: {
            "uid": unique_text(), "record_id": record, "event_id": key(Event), "state": "'decided'",
            "handler": "'workflows.step'", "handler_ref": f"CAST({key(Step)} AS text)", "created_at": moment,
        },
        Delivery: {
            "uid": unique_text(), "interaction_id": key(Interaction), "connection_id": str(sink.pk),
            "user_id": str(person.pk), "address": "'bench@sink'", "state": "'delivered'", "created_at": moment,
            "sent_at": moment, "delivered_at": moment, "version": "1",
        },
        Run: {
            "rule_id": str(rule.pk), "version_id": str(rule.current_id), "event_id": key(Event), "record_id": record,
            "state": "'done'", "outcome": "'done'", "started_at": moment, "ended_at": moment,
        },
        Step: {
            "run_id": key(Run), "path": "'/steps/0'", "action": "'send'", "state": "'done'",
            "idempotency_key": unique_text(), "interaction_id": key(Interaction), "ended_at": moment,
        },
        Attempt: {
            "step_id": key(Step), "number": "1", "started_at": moment, "ended_at": moment, "outcome": "'ask'",
        },
    }  # fmt: skip
    for start in range(0, count, PORTION):
        for model, own in values.items():
            rows_make(model, firsts[model], min(PORTION, count - start), own, start)
    _settle(list(values))


def _settle(made: list[type[models.Model]]) -> None:
    """Sequences go on behind the last key, and the planner knows how much there is."""
    tables: list[type[models.Model]] = [*made, Record]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for model in tables:
                table = model._meta.db_table
                cursor.execute(
                    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT MAX(id) FROM {table}))"
                )
        cursor.execute("ANALYZE")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=5_000_000)
    options = parser.parse_args()
    started = time.perf_counter()
    old_make(options.rows)
    print(json.dumps({"rows": options.rows, "seconds": round(time.perf_counter() - started, 1)}))


if __name__ == "__main__":
    main()
