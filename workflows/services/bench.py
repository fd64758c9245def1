"""A set-up that a load generator can drive: one source, one rule that always sends, N−1 rules that never match."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from connectors.models import Connection
from connectors.selectors import GENERATION as CONNECTIONS
from connectors.services.connections import connection_register, mapping_save
from kernel import clock
from kernel.generation import generation_bump
from permissions.models import Grant, Identity, User
from workflows.definition import definition_read
from workflows.engine.compiled import GENERATION
from workflows.models import Rule, RuleState, RuleVersion

SOURCE, SINK, PERSON = "bench-source", "bench-sink", "bench"
MAPPING: dict[str, Any] = {
    "key": ["data.sku", "data.warehouse"],
    "time_zone": "UTC",
    "fields": {
        "product_code": {"source": "data.sku"},
        "warehouse": {"source": "data.warehouse"},
        "on_hand": {"source": "data.qty"},
        "reorder_level": {"source": "data.reorder_level"},
    },
    "codes": {"warehouse": {"EAST": "EAST", "WEST": "WEST"}},
    "event": {"match": {"event": "stock.level"}, "id": "id", "occurred_at": "ts", "change": "changed"},
}


def _definition(condition: Any) -> dict[str, Any]:
    return {
        "schema": 1,
        "trigger": {"type": "record", "object": "stock_level", "changes": ["changed"]},
        "condition": condition,
        "firing": {"policy": "each_time"},
        "steps": [
            {
                "action": "send",
                "params": {
                    "channels": [SINK],
                    "recipients": [{"type": "user", "username": PERSON}],
                    "title": {
                        "en": "Low stock {{ record.product_code }}",
                        "zh-hans": "库存不足 {{ record.product_code }}",
                    },
                    "fields": [{"name": "on_hand"}, {"name": "reorder_level"}],
                },
            }
        ],
    }


def _condition(number: int) -> Any:
    """Rule 0 matches every event; odd ones ask for another warehouse, even ones for more stock than there is."""
    if number == 0:
        return {"<": [{"var": "record.on_hand"}, {"var": "record.reorder_level"}]}
    if number % 2:
        return {"==": [{"var": "record.warehouse"}, f"W{number:04d}"]}
    return {">": [{"var": "record.on_hand"}, 1000 + number]}


def bench_set_up(sink_url: str, rules: int) -> tuple[str, str]:
    """Make or replace the set-up. Returns (path of the hook, bearer token)."""
    person, _created = User.objects.get_or_create(
        username=PERSON, defaults={"is_demo": True, "language": "en", "first_name": "Bench"}
    )
    if not Grant.objects.filter(user=person).exists():
        Grant.objects.create(
            user=person, objects_covered=["stock_level"], verbs=["see"], scopes={"warehouse": ["*"]}
        )
    source = Connection.objects.filter(slug=SOURCE).first()
    if source is None:
        source, _report = connection_register(
            person, name="Bench source", slug=SOURCE, connector="erp.webhook", values={}
        )
        mapping_save(person, source, "stock_level", MAPPING, channel="hook")
    sink = Connection.objects.filter(slug=SINK).first()
    if sink is None:
        sink, _report = connection_register(
            person,
            name="Bench sink",
            slug=SINK,
            connector="im.webhook",
            values={"url": sink_url, "signing_secret": "bench-signing-secret-0123456789"},
            checked=False,
        )
        Identity.objects.create(connection=sink, external_id="bench@sink", user=person, linked_by="bench")
    with transaction.atomic():
        sink.settings = {**sink.settings, "url": sink_url}
        sink.save()
        _rules(source, person, rules)
        generation_bump(GENERATION)
        generation_bump(CONNECTIONS)
    return f"/hooks/{SOURCE}/", str(source.credentials["hook_token"])


def _rules(source: Connection, owner: User, count: int) -> None:
    Rule.objects.filter(key__startswith="bench-").update(state=RuleState.OFF)
    known = {rule.key: rule for rule in Rule.objects.filter(key__startswith="bench-")}
    for number in range(count):
        key = f"bench-{number:05d}"
        rule = known.get(key)
        if rule is not None:
            Rule.objects.filter(pk=rule.pk).update(state=RuleState.LIVE)
            continue
        definition = _definition(_condition(number))
        definition_read(definition)
        rule = Rule.objects.create(
            key=key, name={"en": key, "zh-hans": key}, draft=definition, connection=source, owner=owner,
            object="stock_level",
        )  # fmt: skip
        version = RuleVersion.objects.create(
            rule=rule, number=1, definition=definition, published_by=owner, published_at=clock.now()
        )
        Rule.objects.filter(pk=rule.pk).update(current=version, state=RuleState.LIVE)
