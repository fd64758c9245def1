"""The running Tryton, for this folder."""

from __future__ import annotations

from tests.tryton_server import tryton_server

__all__ = ["tryton_server"]
