"""datalogic-py 5.9.0 behind the port (read and tried 2026-11-22; the golden tests pin what is relied on).

Traps: a Session used from another thread raises a PanicException that is no Exception, hence one per thread;
`null < 5` is true and texts that look like times compare as times, hence the guards and tags of the compiler;
very deep Python objects crash the process, hence the limits of `problems` and `lowered`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from typing import Any

from datalogic_py import DataHandle, DataLogicError, Engine, Rule, Session

from workflows.conditions.engine_port import EngineFailure


class _Sessions(threading.local):
    """One Session per thread, made on first use."""

    def __init__(self, engine: Engine) -> None:
        self.session: Session = engine.session()
        self.evaluate_int = self.session.evaluate_int


class NativeRule:
    __slots__ = ("_rule", "_sessions")

    def __init__(self, rule: Rule, sessions: _Sessions) -> None:
        self._rule = rule
        self._sessions = sessions

    def evaluate(self, loaded: DataHandle) -> Any:
        try:
            return self._sessions.session.evaluate_data(self._rule, loaded)
        except DataLogicError as error:
            raise EngineFailure(str(error)) from error

    def evaluate_int(self, loaded: DataHandle) -> int:
        try:
            return self._sessions.evaluate_int(self._rule, loaded)
        except DataLogicError as error:
            raise EngineFailure(str(error)) from error


class NativeEngine:
    name = "datalogic"

    def __init__(self) -> None:
        self._engine = Engine()
        self._sessions = _Sessions(self._engine)

    def compile(self, logic: Any) -> NativeRule:
        try:
            return NativeRule(self._engine.compile(_as_input(logic)), self._sessions)
        except DataLogicError as error:
            raise EngineFailure(str(error)) from error

    def evaluate_ints(self, rules: Sequence[Any], loaded: DataHandle) -> list[int]:
        run = self._sessions.evaluate_int
        try:
            return [run(each._rule, loaded) for each in rules]
        except DataLogicError as error:
            raise EngineFailure(str(error)) from error

    def load(self, data: Any) -> DataHandle:
        try:
            return DataHandle(_as_input(data))
        except DataLogicError as error:
            raise EngineFailure(str(error)) from error


def _as_input(item: Any) -> Any:
    """datalogic takes a plain text for JSON text."""
    return json.dumps(item) if isinstance(item, str) else item
