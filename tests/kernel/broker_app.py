"""A Celery app on the embedded broker, and bare producers and consumers; tests run each as its own process.

BROKER_FOLDER is the broker's folder; what happens is appended, one line each, to the file BROKER_SEEN.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from celery import Celery
from kombu import Connection, Consumer, Queue

from kernel.broker import broker_register

broker_register()
FOLDER, SEEN = os.environ["BROKER_FOLDER"], os.environ["BROKER_SEEN"]

app = Celery("broker_app", broker="batonfs://")
app.conf.update(
    broker_transport_options={"folder": FOLDER},
    task_ignore_result=True,
    task_default_queue="first",
    task_queues=[Queue(name) for name in ("first", "second", "third", "fourth", "fifth", "sixth")],
    beat_schedule={
        "tick": {"task": "ring", "schedule": 0.2, "args": ("tick",), "options": {"queue": "sixth"}}
    },
)


def seen_append(line: str) -> None:
    """One write of one line to a file opened for appending is never torn or lost."""
    with open(SEEN, "ab", buffering=0) as file:
        file.write(f"{line}\n".encode())


@app.task(name="ring")
def ring(what: str) -> None:
    seen_append(what)


def produce(prefix: str, count: int) -> None:
    with Connection("batonfs://", transport_options={"folder": FOLDER}) as connection:
        producer = connection.Producer()
        for number in range(count):
            producer.publish({"id": f"{prefix}-{number:05d}"}, routing_key="bare")


def consume() -> None:
    def handle(body: dict[str, str], message: Any) -> None:
        seen_append(body["id"])
        message.ack()

    with Connection("batonfs://", transport_options={"folder": FOLDER}) as connection:
        with Consumer(connection, [Queue("bare")], callbacks=[handle], accept=["json"]):
            print("ready", flush=True)
            while True:
                try:
                    connection.drain_events(timeout=1)
                except TimeoutError:
                    continue


if __name__ == "__main__":
    if sys.argv[1] == "produce":
        produce(sys.argv[2], int(sys.argv[3]))
    else:
        consume()
