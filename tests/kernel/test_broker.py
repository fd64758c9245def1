"""The embedded broker with real processes: nothing lost, nothing twice, no crash after a restart."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection

from kernel import broker
from kernel.broker import POLLING_SECONDS, Channel, broker_register
from kernel.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]
broker_register()


class Place:
    """One broker folder with the file its consumers write to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "broker"
        self.seen_path = folder / "seen"
        self.seen_path.touch()
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("DJANGO")
        }
        self.environment |= {
            "BROKER_FOLDER": str(self.folder),
            "BROKER_SEEN": str(self.seen_path),
            "PYTHONPATH": str(ROOT),
        }

    def seen(self) -> list[str]:
        return self.seen_path.read_text().split()

    def files(self, pattern: str) -> list[Path]:
        return sorted(self.folder.glob(pattern))

    def start(self, *command: str, **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", *command], env=self.environment, cwd=ROOT, text=True, **options
        )

    @contextmanager
    def running(self, *command: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
        process = self.start(*command, **options)
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    @contextmanager
    def channel(self) -> Iterator[Channel]:
        with Connection("batonfs://", transport_options={"folder": str(self.folder)}) as connection:
            channel = connection.default_channel
            assert isinstance(channel, Channel)
            yield channel


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def _consumer(place: Place, stack: ExitStack) -> subprocess.Popen[str]:
    process = stack.enter_context(
        place.running("tests.kernel.broker_app", "consume", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def _produce_all(place: Place, producers: int, count: int) -> list[str]:
    started = [
        place.start("tests.kernel.broker_app", "produce", f"p{number}", str(count))
        for number in range(producers)
    ]
    assert [process.wait(120) for process in started] == [0] * producers
    return sorted(f"p{number}-{index:05d}" for number in range(producers) for index in range(count))


def test_four_producers_and_two_consumers_lose_nothing_and_double_nothing(place: Place) -> None:
    with ExitStack() as stack:
        consumers = [_consumer(place, stack) for _ in range(2)]
        sent = _produce_all(place, 4, 500)
        wait_until(lambda: len(place.seen()) >= len(sent))
        wait_until(lambda: not place.files("*/*.msg"))
        assert [process.poll() for process in consumers] == [None, None]
    assert sorted(place.seen()) == sent
    assert place.files("*/*.tmp") == place.files("*/*.bad") == []


def test_a_killed_consumer_costs_at_most_the_message_in_its_hand(place: Place) -> None:
    sent = _produce_all(place, 1, 1500)
    with ExitStack() as stack:
        for share in (300, 700):
            killed = _consumer(place, stack)
            wait_until(lambda share=share: len(place.seen()) >= share)  # type: ignore[misc]
            killed.send_signal(signal.SIGKILL)
            assert killed.wait(10) == -signal.SIGKILL
        last = _consumer(place, stack)
        wait_until(lambda: not place.files("*/*.msg"))
        wait_until(lambda: len(place.seen()) >= len(sent) - 2)
        assert last.poll() is None
    seen = place.seen()
    assert seen == sorted(set(seen))
    assert len(sent) - len(seen) <= 2


def test_messages_come_in_order_and_unusable_files_are_moved_aside(place: Place) -> None:
    with place.channel() as channel:
        with pytest.raises(Empty):
            channel._get("q")
        for number in range(3):
            channel._put("q", {"properties": {}, "n": number})
        folder = place.folder / "q.queue"
        (folder / "0000-empty.msg").write_bytes(b"")
        (folder / "0001-torn.msg").write_bytes(b'{"properties": {"del')
        (folder / "0002-alien.msg").write_bytes(b"[1]")
        (folder / "0003-half.tmp").write_bytes(b'{"properties"')
        assert channel._size("q") == 6
        assert [channel._get("q")["n"] for _ in range(3)] == [0, 1, 2]
        with pytest.raises(Empty):
            channel._get("q")
        assert [path.name for path in place.files("q.queue/*")] == [
            "0000-empty.bad", "0001-torn.bad", "0002-alien.bad", "0003-half.tmp",
        ]  # fmt: skip


def test_files_that_vanish_are_somebody_elses(place: Place) -> None:
    with place.channel() as channel:
        for number in range(4):
            channel._put("q", {"properties": {}, "n": number})
        assert channel._get("q")["n"] == 0
        for path in place.files("q.queue/*.msg")[:2]:
            path.unlink()
        assert channel._get("q")["n"] == 3
        with pytest.raises(Empty):
            channel._get("q")


def test_a_quiet_queue_is_not_listed_and_no_message_is_overlooked(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    listings: list[str] = []
    list_names = broker._message_names

    def counted(folder: str) -> list[str]:
        listings.append(folder)
        return list_names(folder)

    monkeypatch.setattr(broker, "_message_names", counted)
    with place.channel() as channel:
        channel._new_queue("q")
        for number in range(100):  # an empty listing and a put within one tick of the file system's clock
            with pytest.raises(Empty):
                channel._get("q")
            channel._put("q", {"properties": {}, "n": number})
            assert channel._get("q")["n"] == number
        folder = place.folder / "q.queue"
        os.utime(folder, (1e9, 1e9))
        listings.clear()
        for _ in range(10):
            with pytest.raises(Empty):
                channel._get("q")
        assert len(listings) == 1
        channel._put("q", {"properties": {}, "n": 1})
        os.utime(folder, (1e9, 1e9))  # a clock that lies: the message waits for a second, no longer
        wait_until(lambda: _get_or_none(channel) == {"properties": {}, "n": 1})


def _get_or_none(channel: Channel) -> Any:
    try:
        return channel._get("q")
    except Empty:
        return None


def test_what_a_killed_producer_left_is_cleared_when_it_is_old(place: Place) -> None:
    with place.channel() as channel:
        channel._new_queue("q")
        for name, age_seconds in (("old", 7200), ("young", 10)):
            path = place.folder / "q.queue" / f"{name}.tmp"
            path.write_bytes(b"{")
            then = time.time() - age_seconds
            os.utime(path, (then, then))
        channel._new_queue("q")
    assert [path.name for path in place.files("q.queue/*")] == ["young.tmp"]


def test_purge_counts_and_a_deleted_queue_can_be_used_again(place: Place) -> None:
    with place.channel() as channel:
        for _ in range(3):
            channel._put("q", {"properties": {}})
        assert channel._has_queue("q") and not channel._has_queue("other")
        assert channel.queue_purge("q") == 3
        channel._put("q", {"properties": {}, "n": 1})
        assert channel._get("q")["n"] == 1


@pytest.mark.parametrize("queue", ["../../outside", "..", "/absolute", "a/b", "订单"])
def test_no_queue_name_leaves_the_folder(place: Place, queue: str) -> None:
    with place.channel() as channel:
        channel._put(queue, {"properties": {}})
        assert len(place.files("*.queue/*.msg")) == 1
        assert channel._size(queue) == 1


def test_a_missing_folder_setting_is_one_sentence() -> None:
    with pytest.raises(ConfigError, match=r"needs broker_transport_options\['folder'\]"):
        Connection("batonfs://").connect()


def test_polling_six_quiet_queues_costs_next_to_nothing(place: Place) -> None:
    queues = [f"q{number}" for number in range(6)]
    rounds = 200
    with place.channel() as channel:
        for queue in queues:
            channel._new_queue(queue)
        begin = time.process_time()
        for _ in range(rounds):
            for queue in queues:
                with pytest.raises(Empty):
                    channel._get(queue)
        spent = time.process_time() - begin
    assert spent / (rounds * POLLING_SECONDS) < 0.02  # measured 0.001; the margin is for a busy machine


def _worker(place: Place) -> tuple[str, ...]:
    log = ("--loglevel", "WARNING")
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    return ("celery", "-A", "tests.kernel.broker_app", "worker", "-P", "threads", "-c", "2", *log, *quiet)


def test_a_real_worker_and_beat_survive_a_kill(place: Place, tmp_path: Path) -> None:
    from kombu.utils.uuid import uuid

    def ring(name: str) -> None:
        with place.channel() as channel:
            body = {"task": "ring", "id": uuid(), "lang": "py"}
            channel.basic_publish(
                channel.prepare_message(
                    f'[["{name}"], {{}}, {{}}]',
                    content_type="application/json",
                    content_encoding="utf-8",
                    headers=body,
                    properties={"correlation_id": body["id"], "delivery_info": {}},
                ),
                exchange="",
                routing_key="first",
            )

    schedule = str(tmp_path / "beat-schedule")
    with place.running("celery", "-A", "tests.kernel.broker_app", "beat", "-s", schedule, "--pidfile="):
        with place.running(*_worker(place)) as worker:
            for number in range(20):
                ring(f"a{number}")
            wait_until(lambda: {f"a{n}" for n in range(20)} <= set(place.seen()) and "tick" in place.seen())
            worker.kill()
            worker.wait(10)
        for number in range(20):
            ring(f"b{number}")
        ticks = place.seen().count("tick")
        with place.running(*_worker(place)) as worker:
            wait_until(lambda: {f"b{n}" for n in range(20)} <= set(place.seen()))
            wait_until(lambda: place.seen().count("tick") > ticks + 2)
            worker.terminate()
            assert worker.wait(30) == 0
    rings = [line for line in place.seen() if line != "tick"]
    assert sorted(rings) == sorted([f"a{n}" for n in range(20)] + [f"b{n}" for n in range(20)])
