"""What refuses a start, and in which words."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from kernel.supervisor import StartRefused, folder_check, port_check, python_check


def test_python() -> None:
    python_check()
    python_check((3, 11, 0))
    python_check((4, 0))
    with pytest.raises(StartRefused, match=r"^Baton needs Python 3\.11 or newer, this is 3\.9\.2: install"):
        python_check((3, 9, 2))


def test_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartRefused, match=rf"^Port {port} is already in use: .*PORT={port + 1}\.$"):
            port_check("127.0.0.1", port)
        with pytest.raises(StartRefused, match="already in use"):
            port_check("0.0.0.0", port)
    port_check("127.0.0.1", port)
    port_check("localhost", port)


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_that_does_not_exist(port: int) -> None:
    with pytest.raises(StartRefused, match=f"^Port {port} does not exist"):
        port_check("127.0.0.1", port)


@pytest.mark.parametrize("bind", ["192.0.2.1", "no-such-name.invalid"])
def test_an_address_of_another_machine(bind: str) -> None:
    with pytest.raises(StartRefused, match=f"^{bind} is no address of this machine: set BATON_BIND"):
        port_check(bind, 8000)


def test_a_folder_is_made_and_left_clean(tmp_path: Path) -> None:
    assert folder_check(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert os.listdir(tmp_path / "a" / "b") == []


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(
            StartRefused, match=r"cannot be written \(.+\): give its owner the right to, or set BATON_HOME"
        ):
            folder_check(path)


def test_a_folder_without_the_right_to_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StartRefused, match=r"cannot be written \(No space left on device\)"):
        folder_check(tmp_path)
    assert os.listdir(tmp_path) == []
