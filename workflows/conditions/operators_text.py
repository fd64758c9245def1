"""contains, starts_with, ends_with and cat. Letters compare as they are written, capitals apart."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from connectors.dictionary.types import FieldType
from workflows.conditions import lowered
from workflows.conditions.builder import Builder, Call
from workflows.conditions.lowered import TEXT_TAG, Lowered
from workflows.conditions.nodes import Broken, Node, Value, known_of, reads_of, truth
from workflows.conditions.problems import message
from workflows.conditions.schema import TEXTS, TYPE_LABELS


def contains_build(builder: Builder, call: Call) -> Node:
    hay, needle = builder.nodes(call)
    return text_contains(builder, call, needle, hay)


def text_contains(builder: Builder, call: Call, needle: Node, hay: Node) -> Node:
    return _text_test(builder, call, "in", needle, hay)


def starts_with_build(builder: Builder, call: Call) -> Node:
    text, start = builder.nodes(call)
    return _text_test(builder, call, "starts_with", text, start)


def ends_with_build(builder: Builder, call: Call) -> Node:
    text, end = builder.nodes(call)
    return _text_test(builder, call, "ends_with", text, end)


def cat_build(builder: Builder, call: Call) -> Node:
    """Text put together from texts and whole numbers."""
    values: list[Value] = []
    for node in builder.nodes(call):
        value = builder.value(node)
        if isinstance(value, Value) and value.type not in TEXTS and value.type is not FieldType.INTEGER:
            text = message(
                _("“cat” joins texts and whole numbers, not %(type)s. Leave this part out."),
                type=TYPE_LABELS[value.type],
            )
            value = builder.refuse(node.pointer, "type_mismatch", text)
        if isinstance(value, Broken):
            return value
        values.append(value)
    return Value(
        pointer=call.pointer,
        operator=call.operator,
        children=tuple(values),
        reads=reads_of(values),
        type=FieldType.TEXT,
        known=known_of(*values),
        stored=lowered.call("cat", lowered.literal(TEXT_TAG), *(_untagged(each) for each in values)),
    )


def _text_test(builder: Builder, call: Call, operator: str, left: Node, right: Node) -> Node:
    values: list[Value] = []
    for node in (left, right):
        value = builder.value(node, FieldType.TEXT)
        if isinstance(value, Value) and value.type not in TEXTS:
            text = message(
                _("“%(name)s” works on text, not on %(type)s."),
                name=call.operator,
                type=TYPE_LABELS[value.type],
            )
            value = builder.refuse(node.pointer, "type_mismatch", text)
        if isinstance(value, Broken):
            return value
        values.append(value)
    test = lowered.call(operator, *(_untagged(each) for each in values))
    return truth(call.pointer, call.operator, test, lowered.negated(test), values)


def _untagged(value: Value) -> Lowered:
    if value.type not in TEXTS:
        return value.stored
    if isinstance(value.stored.json, str):
        return lowered.literal(value.stored.json.removeprefix(TEXT_TAG))
    return lowered.call("substr", value.stored, lowered.literal(len(TEXT_TAG)))
