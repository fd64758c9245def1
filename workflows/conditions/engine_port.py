"""What Baton asks of a JsonLogic engine, and which one is used."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Protocol


class EngineRule(Protocol):
    """A compiled expression. Safe to use from any thread."""

    def evaluate(self, loaded: Any) -> Any:
        """The JSON result for data that the same engine loaded. Raises EngineFailure."""

    def evaluate_int(self, loaded: Any) -> int:
        """The same for an expression that always gives an integer."""


class EnginePort(Protocol):
    """An engine. `name` stands in traces and measurements."""

    name: str

    def compile(self, logic: Any) -> EngineRule:
        """Raises EngineFailure for logic that the engine refuses."""

    def evaluate_ints(self, rules: Sequence[Any], loaded: Any) -> list[int]:
        """`evaluate_int` of many rules, all compiled by this engine, on the same data."""

    def load(self, data: Any) -> Any:
        """JSON-shaped data, converted once for any number of rules and threads."""


class EngineFailure(Exception):
    """The engine could not compile or compute what it was given. Never expected for a checked condition."""


@cache
def engine_default() -> EnginePort:
    """The native engine, or the pure-Python one on a platform it has no wheel for."""
    try:
        from workflows.conditions.engine_native import NativeEngine
    except ImportError:
        return engine_exact()
    return NativeEngine()


@cache
def engine_exact() -> EnginePort:
    """The pure-Python engine: integers of any size."""
    from workflows.conditions.engine_python import PythonEngine

    return PythonEngine()
