"""The catalogs of triggers, actions and starter packs: one line each. Checked at start-up.

What is not there yet is listed with its reason, so that the editor can show it and nobody searches for it.
"""

from __future__ import annotations

from kernel.registry import Registry
from kernel.text import Localized
from workflows.blocks import Action, Pack, Trigger

TRIGGERS: Registry[Trigger] = Registry(
    "trigger",
    {
        "record": "workflows.triggers.record:TRIGGER",
        "schedule": "workflows.triggers.schedule:TRIGGER",
        "schedule_records": "workflows.triggers.schedule_records:TRIGGER",
        "by_hand": "workflows.triggers.by_hand:TRIGGER",
    },
)

ACTIONS: Registry[Action] = Registry(
    "action",
    {
        "ask": "workflows.actions.ask:ACTION",
        "send": "workflows.actions.send:ACTION",
        "create_document": "workflows.actions.create_document:ACTION",
        "update_fields": "workflows.actions.update_fields:ACTION",
        "change_state": "workflows.actions.change_state:ACTION",
        "http_request": "workflows.actions.http_request:ACTION",
        "task": "workflows.actions.task:ACTION",
        "start_rule": "workflows.actions.start_rule:ACTION",
        "wait": "workflows.actions.wait:ACTION",
        "branch": "workflows.actions.branch:ACTION",
    },
)

PACKS: Registry[Pack] = Registry(
    "starter pack",
    {
        "order_notice": "workflows.packs.order_notice:PACK",
        "stock_alert": "workflows.packs.stock_alert:PACK",
        "overdue_receivable": "workflows.packs.overdue_receivable:PACK",
        "large_order": "workflows.packs.large_order:PACK",
        "delivery_late": "workflows.packs.delivery_late:PACK",
        "price_change": "workflows.packs.price_change:PACK",
    },
)

_LATER = Localized("Not in this version of Baton yet.", "此版本的 Baton 尚未提供。")
_NEEDS_INBOUND = Localized(
    "It needs a messenger that passes on what people write to the bot.",
    "需要能够转发用户发给机器人消息的通讯工具。",
)
LATER_TRIGGERS = {
    "message": (Localized("A message to the bot", "收到发给机器人的消息"), _NEEDS_INBOUND),
}
LATER_ACTIONS = {
    "for_each": (Localized("For each line", "逐行执行"), _LATER),
}
