"""Rows of rules and runs."""

from workflows.models.address import HttpAddress
from workflows.models.alert import Alert, DailySummary
from workflows.models.approval import Approval, ApprovalState, FourEyes
from workflows.models.backtest import BackTest, BackTestHit, BackTestState
from workflows.models.bulk import BulkAct, BulkItem, BulkItemState, BulkOperation, BulkState
from workflows.models.disclosure import AccessReport, DisclosureMonth
from workflows.models.footprint import Footprint, FootprintKind
from workflows.models.health import RuleDay
from workflows.models.launch import Launch, LaunchStep
from workflows.models.rule import Rule, RuleState, RuleTag, RuleVersion
from workflows.models.run import Attempt, Run, RunState, Step, StepState
from workflows.models.schedule import RecordWalk, Schedule, WalkState
from workflows.models.state import RuleRecordState
from workflows.models.stop import RuleStop, StopReason

__all__ = [
    "AccessReport",
    "Alert",
    "Approval",
    "ApprovalState",
    "Attempt",
    "BackTest",
    "BackTestHit",
    "BackTestState",
    "BulkAct",
    "BulkItem",
    "BulkItemState",
    "BulkOperation",
    "BulkState",
    "DailySummary",
    "DisclosureMonth",
    "Footprint",
    "FootprintKind",
    "FourEyes",
    "HttpAddress",
    "Launch",
    "LaunchStep",
    "RecordWalk",
    "Rule",
    "RuleDay",
    "RuleRecordState",
    "RuleState",
    "RuleStop",
    "RuleTag",
    "RuleVersion",
    "Run",
    "RunState",
    "Schedule",
    "Step",
    "StepState",
    "StopReason",
    "WalkState",
]
