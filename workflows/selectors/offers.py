"""The parts of the editor's catalogue: fields with a live sample, operators, firing policies, kinds of recipients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_noop

from connectors.dictionary.types import DictionaryField, DictionaryObject
from connectors.models import Connection
from connectors.selectors import fields_mapped
from kernel.text import Localized, localized
from permissions.filters import visible_records
from permissions.policies import Gate, record_decide
from workflows.definition import LEAST_EVERY_SECONDS, FiringPolicy
from workflows.hours import hours_shapes
from workflows.selectors.shown import RecordView
from workflows.shapes import shape, shape_choice, shape_object

TEXT, CODE, NUMBER, TIME = ("text",), ("code",), ("integer", "decimal"), ("date", "datetime")
ORDERED = (*NUMBER, *TIME)
ANY = (*TEXT, *CODE, *ORDERED, "boolean")


def _operator(name: str, en: str, zh: str, types: Sequence[str], operands: int = 2) -> dict[str, Any]:
    label = Localized(en, zh).as_json()
    return {"operator": name, "label": label, "types": list(types), "operands": operands}


OPERATORS: Sequence[Mapping[str, Any]] = (
    _operator("==", "is", "等于", ANY),
    _operator("!=", "is not", "不等于", ANY),
    _operator("<", "is less than", "小于", ORDERED),
    _operator("<=", "is at most", "不大于", ORDERED),
    _operator(">", "is greater than", "大于", ORDERED),
    _operator(">=", "is at least", "不小于", ORDERED),
    _operator("crosses_below", "falls below", "降到…以下", NUMBER),
    _operator("crosses_above", "rises above", "升到…以上", NUMBER),
    _operator("in", "is one of", "是…之一", (*TEXT, *CODE, *NUMBER)),
    _operator("contains", "contains", "包含", TEXT),
    _operator("starts_with", "starts with", "以…开头", TEXT),
    _operator("ends_with", "ends with", "以…结尾", TEXT),
    _operator("changed", "has changed", "有变化", (*ANY, "list"), 1),
    _operator("missing", "is empty", "为空", (*ANY, "list"), 1),
    _operator("some", "for some item", "有一项满足", ("list",)),
    _operator("all", "for every item", "每一项都满足", ("list",)),
    _operator("none", "for no item", "没有一项满足", ("list",)),
)
_COOLDOWN = shape("number", Localized("At most once every", "最短间隔"), editor="duration", minimum=0)
_REARM = shape("", Localized("Can fire again once", "重新布防条件"), editor="condition")
_EVERY = shape("number", Localized("Every", "每隔"), editor="duration", minimum=LEAST_EVERY_SECONDS)
_HOURS = hours_shapes()
POLICIES: Sequence[Mapping[str, Any]] = (
    {
        "key": FiringPolicy.BECOMES_TRUE.value,
        "label": Localized("When it becomes true", "由不成立变为成立时").as_json(),
        "params": shape_object((), rearm=_REARM, cooldown_seconds=_COOLDOWN, **_HOURS),
    },
    {
        "key": FiringPolicy.EACH_TIME.value,
        "label": Localized("Each time it is true", "每次成立时").as_json(),
        "params": shape_object((), cooldown_seconds=_COOLDOWN, **_HOURS),
    },
    {
        "key": FiringPolicy.WHILE_TRUE.value,
        "label": Localized("Again and again while it is true", "成立期间反复触发").as_json(),
        "params": shape_object(("every_seconds",), every_seconds=_EVERY, rearm=_REARM, **_HOURS),
    },
)
RECIPIENTS: Sequence[Mapping[str, Any]] = (
    {
        "type": "record_person",
        "label": Localized("The person in a field of the record", "记录字段中的人员").as_json(),
        "params": shape_object(("field",), field=shape("string", Localized("Field", "字段"))),
    },
    {
        "type": "user",
        "label": Localized("A person", "某个人").as_json(),
        "params": shape_object(("username",), username=shape("string", Localized("Person", "人员"))),
    },
    {
        "type": "role",
        "label": Localized("Everybody with a role", "某个角色的所有人").as_json(),
        "params": shape_object(("group",), group=shape("string", Localized("Role", "角色"))),
    },
    {
        "type": "group_chat",
        "label": Localized("A group chat", "一个群聊").as_json(),
        "params": shape_object(
            ("chat",),
            chat=shape("string", Localized("Group chat", "群聊")),
            otherwise=shape_choice(
                Localized("When not everybody may see everything", "并非人人可见全部内容时"),
                {
                    "split": Localized("Tell those who may see it, each by themselves", "分别告知可见的人"),
                    "mask": Localized(
                        "Hide from all what one of them may not see", "有人不可见的内容对所有人隐藏"
                    ),
                    "link": Localized(
                        "Send a title without values, and the link", "只发不含数值的标题和链接"
                    ),
                    "block": Localized("Send nothing", "不发送"),
                },
            ),
        ),
    },
    {
        "type": "rule_owner",
        "label": Localized("The owner of the rule", "规则负责人").as_json(),
        "params": shape_object(),
    },
)


def offer(reason: Localized | None) -> dict[str, Any]:
    return {"usable": reason is None, "reason": reason.as_json() if reason is not None else None}


def fields_offered(connection: Connection, about: DictionaryObject, gate: Gate) -> list[dict[str, Any]]:
    """Every field of the object, with its value in a recent record as this person may see it."""
    mapped = fields_mapped(connection.pk, about.name) or frozenset()
    classes = gate.classes_seen(about.name)
    seen = visible_records(gate, names=[about.name]).filter(connection=connection, gone=False)
    recent = seen.order_by("-pk").first()
    sample = RecordView(about, recent.data, record_decide(gate, recent)) if recent is not None else None
    found = []
    for each in about.fields:
        reason = None
        if classes is None or not classes.open(each.field_class):
            reason = localized(gettext_noop("You may not see “%(field)s”."), field=each.label)
        elif each.name not in mapped:
            reason = localized(gettext_noop("It is not mapped on this connection."))
        found.append(
            {
                **_field_shown(each, f"record.{each.name}"),
                "required": each.required,
                "mapped": each.name in mapped,
                "sample": sample.value(each.name) if sample is not None else None,
                **offer(reason),
            }
        )
    return found


def _field_shown(each: DictionaryField, path: str) -> dict[str, Any]:
    return {
        "name": each.name,
        "path": path,
        "label": each.label.as_json(),
        "synonyms": list(each.synonyms),
        "type": each.type.value,
        "decimals": each.decimals,
        "unit": each.unit,
        "currency_field": each.currency_field,
        "codes": [{"value": code, "label": label.as_json()} for code, label in each.codes],
        "class": each.field_class.value,
        "person": each.person,
        "items": [_field_shown(item, item.name) for item in each.items],
    }
