"""Rows of rules and runs."""

from workflows.models.rule import Rule, RuleState, RuleVersion
from workflows.models.run import Attempt, Run, RunState, Step, StepState
from workflows.models.state import RuleRecordState

__all__ = [
    "Attempt",
    "Rule",
    "RuleRecordState",
    "RuleState",
    "RuleVersion",
    "Run",
    "RunState",
    "Step",
    "StepState",
]
