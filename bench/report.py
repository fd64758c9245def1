"""What `make bench` writes: docs/bench.json and the table in docs/bench.md."""

from __future__ import annotations

import datetime as dt
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from bench.installation import ROOT


def machine() -> dict[str, Any]:
    model = next(
        (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
         if line.startswith("model name")), platform.machine(),
    )  # fmt: skip
    version = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    return {
        "cores": os.cpu_count(), "processor": model, "python": platform.python_version(), "code": version,
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="minutes"),
    }  # fmt: skip


HEAD = [
    "| set-up | load | events/s to the last message | ack p50 / p95 ms | end to end p50 / p99 ms "
    "| CPU ms/event (database beside it) | lost · doubled | PSS MB |",
    "|---|---|---|---|---|---|---|---|",
]
ORDER = ("idle", "burst_1", "burst_100", "burst_1000", "rate_20", "rate_50", "old", "lane", "poll")


def table(found: dict[str, dict[str, Any]]) -> list[str]:
    lines = list(HEAD)
    for name, results in found.items():
        for label in sorted(results, key=lambda each: ORDER.index(each) if each in ORDER else len(ORDER)):
            lines.append(f"| {name} | {_row(label, results[label])} |")
    return lines


def _row(label: str, found: dict[str, Any]) -> str:
    if label == "idle":
        return f"idle | – | – | – | {found['cpu_percent']} % CPU | – | {found['pss_mb']}"
    if label == "lane":
        wait = found["order_ms"]
        return (
            f"{found['orders']} large orders behind {found['reports']} reports, sent within "
            f"{found['burst_seconds']} s | – | – | {wait['p50']} / p95 {wait['p95']} | – | {found['lost']} · – | –"
        )
    if label == "poll":
        return (
            f"poll of {found['records']} records, {found['changes']} changed: {found['seconds']} s, longest "
            f"transaction {found['longest_transaction_ms']} ms | – | – | – | {found['cpu_seconds']} s CPU | – "
            f"| {found['peak_mb']} (peak)"
        )
    load = (
        f"burst of {found['n']}, {found['rules']} rules"
        if found["mode"] == "burst"
        else f"{found['rate']:g}/s"
    )
    if "old_rows" in found:
        load += f", {found['old_rows']} old events"
    return (
        f"{load} | {found['done_per_s']} | {found['ack_ms']['p50']} / {found['ack_ms']['p95']} "
        f"| {found['e2e_ms']['p50']} / {found['e2e_ms']['p99']} "
        f"| {found['cpu_ms_per_event']} ({found['database_cpu_ms_per_event']}) "
        f"| {found['lost']} · {found['dup']} | {found['pss_mb']}"
    )


def report(known: dict[str, dict[str, Any]]) -> None:
    """Write the table of what is known into docs/bench.md, below its mark."""
    rows = {
        name: {key: each for key, each in found.items() if key != "machine"} for name, found in known.items()
    }
    about = [
        f"- {name}: {each['machine']['at']}, {each['machine']['cores']} cores {each['machine']['processor']}, "
        f"Python {each['machine']['python']}, code {each['machine']['code']}"
        for name, each in known.items()
    ]
    page = ROOT / "docs" / "bench.md"
    head = page.read_text().partition("<!-- measured -->")[0]
    page.write_text(head + "<!-- measured -->\n\n" + "\n".join([*table(rows), "", *about]) + "\n")
