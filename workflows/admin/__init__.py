"""The pages of analysts and auditors: rules, runs, the ledger, cards."""

from workflows.admin.addresses import HttpAddressAdmin
from workflows.admin.cards import DeliveryAdmin, InteractionAdmin, ReplyAdmin
from workflows.admin.ledger import EventAdmin
from workflows.admin.review import ReviewAdmin
from workflows.admin.rules import RuleAdmin
from workflows.admin.runs import RunAdmin

__all__ = [
    "DeliveryAdmin",
    "EventAdmin",
    "HttpAddressAdmin",
    "InteractionAdmin",
    "ReplyAdmin",
    "ReviewAdmin",
    "RuleAdmin",
    "RunAdmin",
]
