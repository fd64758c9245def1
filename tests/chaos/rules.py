"""What the cases need beside the demo company and the load generator's set-up. Runs inside Baton (manage.py shell)."""

from __future__ import annotations

from typing import Any

from connectors.models import Connection
from connectors.services.connections import connection_register, mapping_save
from demo.rules import STOCK_RULE
from permissions.models import Identity, User
from permissions.objects import object_share
from workflows.models import Rule
from workflows.services.bench import MAPPING, PERSON, SINK
from workflows.services.drafts import rule_create
from workflows.services.rules import rule_publish

NUMBERED = "chaos-numbered"
"""A source whose events carry a version per record."""
TOGETHER = "Three are asked"
"""Title of the card that three people get."""
DISCARDING = "chaos-discarding"
"""A messenger whose 200 does not mean that the person gets the message."""
DISCARDED = 77
"""Stock of which it is told."""
ASKED = ("buyer", "buyer2", "approver")


def rules_make() -> dict[str, str]:
    """Returns where numbered events are posted, and the token for it. Safe to repeat."""
    analyst = User.objects.get(username="analyst")
    source = Connection.objects.filter(slug=NUMBERED).first()
    if source is None:
        source = _numbered_source()
        object_share(User.objects.get(username="it"), analyst, source, "view", "use")
        _publish(analyst, source, "chaos-crossing", _crossing_rule())
        _discarding_messenger()
        _publish(analyst, source, "chaos-discarded", _discarded_rule())
        _publish(analyst, Connection.objects.get(slug="demo-erp"), "chaos-together", _together_rule())
    return {"url": f"/hooks/{NUMBERED}/", "token": str(source.credentials["hook_token"])}


def _numbered_source() -> Connection:
    it = User.objects.get(username="it")
    source, _report = connection_register(
        it, name="Numbered source", slug=NUMBERED, connector="erp.webhook", values={}
    )
    about = {**MAPPING["event"], "version": "version"}
    mapping_save(it, source, "stock_level", {**MAPPING, "event": about}, channel="hook")
    sink = Connection.objects.get(slug=SINK)
    assert Identity.objects.filter(connection=sink, user__username=PERSON).exists()
    return source


def _discarding_messenger() -> None:
    sink = Connection.objects.get(slug=SINK)
    values = {
        "url": sink.settings["url"],
        "signing_secret": "chaos-signing-secret-0123456789",
        "may_discard": True,
    }
    messenger, _report = connection_register(
        User.objects.get(username="it"),
        name="Discarding messenger",
        slug=DISCARDING,
        connector="im.webhook",
        values=values,
        checked=False,
    )
    person = User.objects.get(username=PERSON)
    Identity.objects.create(
        connection=messenger, external_id="bench@discarding", user=person, linked_by="chaos"
    )


def _publish(owner: User, connection: Connection, key: str, draft: dict[str, Any]) -> None:
    if not Rule.objects.filter(key=key).exists():
        name = {"en": key, "zh-hans": key}
        rule_publish(owner, rule_create(owner, key=key, name=name, connection=connection, draft=draft))


def _crossing_rule() -> dict[str, Any]:
    below = {"<": [{"var": "record.on_hand"}, {"var": "record.reorder_level"}]}
    return _notice_rule(below, "becomes_true", SINK, {"en": "Crossed", "zh-hans": "已越过"})


def _discarded_rule() -> dict[str, Any]:
    told = {"==": [{"var": "record.on_hand"}, DISCARDED]}
    return _notice_rule(told, "each_time", DISCARDING, {"en": "Discarded", "zh-hans": "会被丢弃"})


def _notice_rule(
    condition: dict[str, Any], policy: str, channel: str, title: dict[str, str]
) -> dict[str, Any]:
    return {
        "schema": 1,
        "trigger": {"type": "record", "object": "stock_level", "changes": ["created", "changed"]},
        "condition": condition,
        "firing": {"policy": policy, "cooldown_seconds": 0},
        "steps": [
            {
                "action": "send",
                "params": {
                    "channels": [channel],
                    "recipients": [{"type": "user", "username": PERSON}],
                    "title": title,
                    "fields": [{"name": "on_hand"}],
                },
            }
        ],
    }


def _together_rule() -> dict[str, Any]:
    """The demo's own rule, for what buyer2 buys, asking three people."""
    ask = STOCK_RULE["steps"][0]
    recipients = [{"type": "user", "username": login} for login in ASKED]
    title = {"en": TOGETHER, "zh-hans": TOGETHER}
    below = STOCK_RULE["condition"]
    return {
        **STOCK_RULE,
        "condition": {"and": [below, {"==": [{"var": "record.buyer"}, "buyer2"]}]},
        "steps": [{**ask, "params": {**ask["params"], "recipients": recipients, "title": title}}],
    }
