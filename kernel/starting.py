"""What must hold before anything starts; each refusal is one sentence that says what to do. No Django."""

from __future__ import annotations

import errno
import os
import socket
import sys
from pathlib import Path

PYTHON_MINIMUM = (3, 11)


class StartRefused(Exception):
    """Baton cannot start; `message` is one sentence that says what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def python_check(version: tuple[int, ...] | None = None) -> None:
    """Raises StartRefused when this Python (or `version`) is older than Baton supports."""
    found = tuple(sys.version_info[:3]) if version is None else version
    if found < PYTHON_MINIMUM:
        raise StartRefused(
            f"Baton needs Python {'.'.join(map(str, PYTHON_MINIMUM))} or newer, this is "
            f"{'.'.join(map(str, found))}: install a newer one and name it, for example PYTHON=python3.12."
        )


def port_check(bind: str, port: int) -> None:
    """Raises StartRefused when nobody could listen on `port` of the address `bind`."""
    if not 0 < port < 65536:
        raise StartRefused(f"Port {port} does not exist: set PORT to a number from 1 to 65535.")
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(
            bind, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            # As servers do: a connection of the last run that is still closing does not count as busy.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise StartRefused(_port_sentence(bind, port, error)) from None


def _port_sentence(bind: str, port: int, error: OSError) -> str:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"{bind} is no address of this machine: set BATON_BIND to one, or leave it out."
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} is already in use: stop what uses it, or set another, like PORT={port % 65535 + 1}."
        )
    if error.errno == errno.EACCES:
        return (
            f"Port {port} may only be opened by an administrator: choose one above 1023, such as PORT=8000."
        )
    return (
        f"Cannot listen on {bind} port {port} ({error.strerror}): set BATON_BIND and PORT to something else."
    )


def folder_check(path: str | os.PathLike[str]) -> Path:
    """Create the folder if need be and write a probe through to the disk. Returns its absolute path.

    Raises StartRefused when it is no folder, cannot be written, or the disk is full.
    """
    folder = Path(path).absolute()
    probe = folder / f".probe-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with probe.open("wb") as file:
                file.write(b"baton")
                file.flush()
                os.fsync(file.fileno())
        finally:
            probe.unlink(missing_ok=True)
    except OSError as error:
        raise StartRefused(
            f"The folder {folder} cannot be written ({error.strerror}): give its owner the right to, "
            "or set BATON_HOME to another folder."
        ) from None
    return folder
