"""The priority lane behind a burst: `python -m bench.lane --sink URL`, beside a running installation that bench_setup prepared.

A report's messages are stored at once, then large orders that wait for approval, one after the other. Prints how long each
of these took to the far end, as one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import urllib.request
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import transaction  # noqa: E402

from connectors.models import Connection  # noqa: E402
from messaging.models import PRIORITY_LANE  # noqa: E402
from messaging.services.interactions import Question, Target, interactions_open  # noqa: E402
from messaging.services.notices import HANDLER  # noqa: E402
from permissions.models import Identity  # noqa: E402
from workflows.services.bench import PERSON, SINK  # noqa: E402

PORTION = 500
URGENT_EVERY_SECONDS = 0.1


def question(title: str, source_event_id: str, target: Target, priority: int) -> Question:
    approval = priority <= PRIORITY_LANE
    buttons = [{"key": "ok", "label": {"en": "Approve", "zh-hans": "批准"}}] if approval else []
    return Question(
        card={"title": {"en": title, "zh-hans": title}, "data": {}, "buttons": buttons},
        shown={},
        targets=[target],
        record=None,
        event_id=None,
        source_event_id=source_event_id,
        handler=HANDLER,
        handler_ref="",
        priority=priority,
        is_question=approval,
    )


def arrived(sink: str) -> dict[str, float]:
    with urllib.request.urlopen(f"{sink}/dump", timeout=30) as answer:
        return {name: at for name, at in reversed(json.load(answer))}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sink", required=True)
    parser.add_argument("--reports", type=int, default=5_000)
    parser.add_argument("--orders", type=int, default=20)
    options = parser.parse_args()
    channel = Connection.objects.get(slug=SINK)
    identity = Identity.objects.select_related("user").get(connection=channel, user__username=PERSON)
    assert identity.user is not None
    target = Target(identity.user, channel, identity.external_id)
    with urllib.request.urlopen(f"{options.sink}/reset", timeout=10):
        began = time.time()
    for start in range(0, options.reports, PORTION):
        with transaction.atomic():
            interactions_open(
                [
                    question("Report", f"report-{each}", target, 5)
                    for each in range(start, min(start + PORTION, options.reports))
                ]
            )
    asked: dict[str, float] = {}
    for each in range(options.orders):
        name = f"order-{each}"
        asked[name] = time.time()
        with transaction.atomic():
            interactions_open([question("Large order", name, target, PRIORITY_LANE)])
        time.sleep(URGENT_EVERY_SECONDS)
    deadline = time.time() + 120
    found = arrived(options.sink)
    while len(found) < options.reports + options.orders and time.time() < deadline:
        time.sleep(0.5)
        found = arrived(options.sink)
    print(json.dumps(result(asked, found, began, options.reports)))


def result(asked: dict[str, float], found: dict[str, float], began: float, reports: int) -> dict[str, Any]:
    waits = sorted(found[name] - at for name, at in asked.items() if name in found)
    last_report = max((at for name, at in found.items() if name.startswith("report-")), default=began)
    return {
        "reports": reports,
        "orders": len(asked),
        "lost": reports + len(asked) - len(found),
        "burst_seconds": round(last_report - began, 2),
        "behind_the_burst": sum(found[name] < last_report for name in asked if name in found),
        "order_ms": {
            "p50": round(1000 * waits[len(waits) // 2], 1) if waits else None,
            "p95": round(1000 * waits[min(len(waits) - 1, int(0.95 * len(waits)))], 1) if waits else None,
        },
    }


if __name__ == "__main__":
    main()
