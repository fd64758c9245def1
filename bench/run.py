"""`make bench`: what Baton carries on this machine, per set-up. Writes docs/bench.json and the table in docs/bench.md.

    python -m bench.run [--setups embedded,redis,rabbitmq] [--only idle,burst,…] [--events 5000] [--seconds 60] …

A measurement that is not run keeps the figures it had. Each set-up gets a folder and a database of its own and the
processes of `make run`; load and far end are bench/loadgen.py and bench/sink.py, on the same machine. CPU is that of web,
worker and beat; the database's is beside it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import Any

from bench.installation import ROOT, SETUPS, SINK, Installation, installation, sink
from bench.report import machine, report

Found = dict[str, Any]


def idle(running: Installation, _options: argparse.Namespace) -> Found:
    """Processes that have nothing to do but the demo's polls."""
    return {"idle": running.idle()}


def burst(running: Installation, options: argparse.Namespace) -> Found:
    """Events as fast as 20 senders post them, with 1, 100 and 1,000 rules on the trigger."""
    return {
        f"burst_{count}": running.load(int(count), "burst", "-n", str(options.events), "-c", "20")
        for count in options.rules.split(",")
    }


def rate(running: Installation, options: argparse.Namespace) -> Found:
    """Fixed rates."""
    return {
        f"rate_{each}": running.load(1, "rate", "-r", str(each), "-d", str(options.seconds))
        for each in (20, 50)
    }


def lane(running: Installation, options: argparse.Namespace) -> Found:
    """Large orders that wait for approval behind a report's messages."""
    running.prepare(1)
    return {"lane": running.command("-m", "bench.lane", "--sink", SINK, "--reports", str(options.reports))}


def old(running: Installation, options: argparse.Namespace) -> Found:
    """The burst once more, behind years of use."""
    running.prepare(1)
    made = running.command("-m", "bench.old", "--rows", str(options.old))
    found = running.load(1, "burst", "-n", str(options.events), "-c", "20")
    return {"old": {**found, "old_rows": made["rows"]}}


def poll(name: str, options: argparse.Namespace) -> Found:
    """One walk over many records of which few changed. On an installation of its own, whose processes do not run."""
    with installation(name) as prepared:
        prepared.command("manage.py", "prepare")
        prepared.command("manage.py", "demo", "prepare")
        words = ("--records", str(options.records), "--changes", str(options.records // 100))
        return {"poll": prepared.command("-m", "bench.polling", *words)}


RUNNING: dict[str, Callable[[Installation, argparse.Namespace], Found]] = {
    "idle": idle,
    "burst": burst,
    "rate": rate,
    "lane": lane,
    "old": old,
}
NAMES = (*RUNNING, "poll")


def measured(name: str, options: argparse.Namespace) -> Found:
    wanted = options.only.split(",")
    found: Found = {}
    if any(each in RUNNING for each in wanted):
        with installation(name) as running:
            running.start()
            for each, measure in RUNNING.items():
                if each in wanted:
                    found |= measure(running, options)
    if "poll" in wanted:
        found |= poll(name, options)
    return found


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--setups", default=",".join(SETUPS))
    parser.add_argument("--only", default=",".join(NAMES), help=f"of {', '.join(NAMES)}")
    parser.add_argument("--events", type=int, default=5_000, help="of a burst")
    parser.add_argument("--seconds", type=int, default=60, help="of a fixed rate")
    parser.add_argument("--rules", default="1,100,1000", help="on the trigger of a burst")
    parser.add_argument("--reports", type=int, default=5_000, help="messages before the large orders")
    parser.add_argument("--old", type=int, default=5_000_000, help="events that have ended long ago")
    parser.add_argument("--records", type=int, default=100_000, help="of a poll; one in a hundred changed")
    options = parser.parse_args()
    for given, known in ((options.setups, SETUPS), (options.only, NAMES)):
        if unknown := sorted(set(given.split(",")) - set(known)):
            parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(known)}")
    return options


def main() -> None:
    options = arguments()
    kept = ROOT / "docs" / "bench.json"
    known = json.loads(kept.read_text())["setups"] if kept.exists() else {}
    with sink():
        for name in options.setups.split(","):
            known[name] = {**known.get(name, {}), **measured(name, options), "machine": machine()}
            kept.write_text(json.dumps({"setups": known}, indent=1, ensure_ascii=False) + "\n")
    report(known)


if __name__ == "__main__":
    main()
