"""The catalogs of triggers and actions: one line each. Checked at start-up."""

from __future__ import annotations

from kernel.registry import Registry
from workflows.blocks import Action, Trigger

TRIGGERS: Registry[Trigger] = Registry("trigger", {"record": "workflows.triggers.record:TRIGGER"})

ACTIONS: Registry[Action] = Registry(
    "action",
    {
        "ask": "workflows.actions.ask:ACTION",
        "send": "workflows.actions.send:ACTION",
        "create_document": "workflows.actions.create_document:ACTION",
    },
)
