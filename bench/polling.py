"""What a poll of many records costs: `python -m bench.polling --records 100000 --changes 1000`, on a prepared installation.

An SQLite ERP with a view of stock levels is made, walked once, changed a little and walked again, all in this process, so
that its CPU and its memory are the walk's. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402

from connectors.models import Connection, Event, RecordedObject  # noqa: E402
from connectors.services.connections import connection_register, mapping_save  # noqa: E402
from connectors.services.poll import recorded_poll  # noqa: E402
from kernel import clock  # noqa: E402
from kernel.work import work_claim  # noqa: E402
from permissions.models import User  # noqa: E402

OBJECT = "stock_level"
MAPPING: dict[str, Any] = {
    "source": "stock_levels",
    "key": "id",
    "time_zone": "UTC",
    "fields": {
        **{name: {"source": name} for name in ("product_code", "warehouse", "on_hand", "reorder_level")},
    },
    "codes": {},
}


def company_make(path: Path, records: int) -> None:
    with closing(sqlite3.connect(path)) as erp, erp:
        erp.execute(
            "CREATE TABLE stock (id INTEGER PRIMARY KEY, product_code TEXT, warehouse TEXT, on_hand TEXT, "
            "reorder_level TEXT, updated_at TEXT)"
        )
        erp.execute("CREATE VIEW stock_levels AS SELECT * FROM stock")
        erp.executemany(
            "INSERT INTO stock VALUES (?, ?, ?, ?, '20', '2026-11-01T00:00:00Z')",
            (
                (each, f"P{each % 5000:05d}", f"W{each // 5000:03d}", str(each % 100))
                for each in range(1, records + 1)
            ),
        )


def company_change(path: Path, records: int, changes: int) -> None:
    with closing(sqlite3.connect(path)) as erp, erp:
        erp.executemany(
            "UPDATE stock SET on_hand = '12345' WHERE id = ?",
            ((1 + each * (records // changes),) for each in range(changes)),
        )


def walk(recorded: RecordedObject) -> dict[str, float]:
    """Seconds and CPU of one walk, and the longest that one of its transactions took."""
    RecordedObject.objects.filter(pk=recorded.pk).update(available_at=clock.now())
    claimed = work_claim(RecordedObject.objects.filter(pk=recorded.pk).select_related("connection"), limit=1)
    longest, began = 0.0, 0.0
    set_autocommit = connection.set_autocommit

    def timed(autocommit: bool, *args: Any, **options: Any) -> None:
        nonlocal longest, began
        set_autocommit(autocommit, *args, **options)
        if autocommit:
            longest = max(longest, time.perf_counter() - began)
        else:
            began = time.perf_counter()

    connection.set_autocommit = timed  # type: ignore[method-assign]
    started, spent = time.perf_counter(), time.process_time()
    try:
        for each in claimed:
            recorded_poll(each)
    finally:
        connection.set_autocommit = set_autocommit  # type: ignore[method-assign]
    recorded.refresh_from_db()
    if recorded.last_error:
        raise SystemExit(recorded.last_error)
    return {
        "seconds": round(time.perf_counter() - started, 2),
        "cpu_seconds": round(time.process_time() - spent, 2),
        "longest_transaction_ms": round(1000 * longest, 1),
    }


def peak_megabytes() -> float:
    """Of this process: the most it ever held."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--changes", type=int, default=1_000)
    options = parser.parse_args()
    path = Path(settings.BATON_HOME) / "bench-erp.sqlite3"
    company_make(path, options.records)
    person = User.objects.get(username="it")
    # Paused for everybody else: no worker takes the walk away.
    erp, _report = connection_register(
        person,
        name="Bench ERP",
        slug="bench-erp",
        connector="erp.sql",
        values={"url": f"sqlite:///{path}"},
        checked=False,
    )
    mapping_save(person, erp, OBJECT, MAPPING)
    RecordedObject.objects.filter(connection=erp).exclude(object=OBJECT).delete()
    Connection.objects.filter(pk=erp.pk).update(poll_seconds=86_400)
    recorded, _made = RecordedObject.objects.get_or_create(connection=erp, object=OBJECT)
    first = walk(recorded)
    company_change(path, options.records, options.changes)
    second = walk(recorded)
    events = Event.objects.filter(connection=erp).count()
    if events != options.changes:
        raise SystemExit(f"{events} events for {options.changes} changes")
    found = {"records": options.records, "changes": options.changes, "events": events, "first": first}
    print(json.dumps({**found, **second, "peak_mb": round(peak_megabytes())}))


if __name__ == "__main__":
    main()
