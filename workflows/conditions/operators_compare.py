"""== != < <= > >= and their three-part form; `in` with its list and text forms."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from connectors.dictionary.types import FieldType
from workflows.conditions import lowered
from workflows.conditions.builder import Builder, Call
from workflows.conditions.literals import literal_type
from workflows.conditions.lowered import Lowered
from workflows.conditions.nodes import (
    Bound,
    Broken,
    Condition,
    Constant,
    Equality,
    Node,
    Value,
    align,
    reads_of,
    same_family,
    truth,
    value_restore,
)
from workflows.conditions.operators_text import text_contains
from workflows.conditions.problems import message, pointer_join
from workflows.conditions.schema import NUMBERS, TYPE_LABELS

OPPOSITE = {"===": "!==", "!==": "===", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
ENGINE_NAME = {"==": "===", "!=": "!=="}
ORDERED = NUMBERS | {FieldType.DATE, FieldType.DATETIME}


def equality_build(builder: Builder, call: Call) -> Node:
    """`==` and `===` are one here, as are `!=` and `!==`: types are settled before anything is compared."""
    return compare(builder, call, ENGINE_NAME.get(call.operator, call.operator), builder.nodes(call))


def order_build(builder: Builder, call: Call) -> Node:
    """`a < b`, or `a < b < c`."""
    nodes = builder.nodes(call)
    pairs = [compare(builder, call, call.operator, nodes[at : at + 2]) for at in range(len(nodes) - 1)]
    sure = [each for each in pairs if isinstance(each, Condition)]
    if len(sure) < len(pairs):
        return Broken(pointer=call.pointer, operator=call.operator)
    if len(sure) == 1:
        return sure[0]
    children = (*sure[0].children, *(each.children[-1] for each in sure[1:]))
    return Condition(
        pointer=call.pointer,
        operator=call.operator,
        children=children,
        reads=reads_of(sure),
        when_true=lowered.all_of([each.when_true for each in sure]),
        when_false=lowered.any_of([each.when_false for each in sure]),
        bounds=tuple(bound for each in sure for bound in each.bounds),
    )


def compare(builder: Builder, call: Call, operator: str, nodes: Sequence[Node]) -> Condition | Broken:
    """Two operands under an engine operator, typed by each other."""
    pair = paired(builder, call, nodes[0], nodes[1])
    if isinstance(pair, Broken):
        return pair
    left, right = pair
    kind = left.type
    if kind is FieldType.LIST or (operator not in ("===", "!==") and kind not in ORDERED):
        text = message(
            _("“%(name)s” does not work on %(type)s. Only numbers, dates and times have an order."),
            name=call.operator,
            type=TYPE_LABELS[kind],
        )
        return builder.refuse(call.pointer, "type_mismatch", text)
    if kind in NUMBERS:
        (one, other), _divisor, _scale = align(pair)
    else:
        one, other = left.stored, right.stored
    test = lowered.call(operator, one, other)
    opposite = lowered.call(OPPOSITE[operator], one, other)
    demanded = _equality(left, right) or _equality(right, left) if operator == "===" else ()
    bounds = _bound(left, operator, right) or _bound(right, TURNED.get(operator, ""), left)
    return truth(call.pointer, call.operator, test, opposite, pair, equalities=demanded, bounds=bounds)


def paired(builder: Builder, call: Call, left: Node, right: Node) -> tuple[Value, Value] | Broken:
    """Both operands as values of one family; a literal takes the type of the other side."""
    if isinstance(left, Constant) and isinstance(right, Constant):
        one, other = (
            builder.typed(left, literal_type(left.value)),
            builder.typed(right, literal_type(right.value)),
        )
    elif isinstance(left, Constant):
        other = builder.value(right)
        one = _as_other(builder, left, other)
    else:
        one = builder.value(left)
        other = _as_other(builder, right, one) if isinstance(right, Constant) else builder.value(right)
    if isinstance(one, Broken) or isinstance(other, Broken):
        return Broken(pointer=call.pointer, operator=call.operator)
    if not same_family(one.type, other.type):
        text = message(
            _("%(one)s cannot be compared with %(other)s. Compare like with like."),
            one=TYPE_LABELS[one.type],
            other=TYPE_LABELS[other.type],
        )
        return builder.refuse(call.pointer, "type_mismatch", text)
    return one, other


def _as_other(builder: Builder, node: Constant, other: Value | Broken) -> Value | Broken:
    return other if isinstance(other, Broken) else builder.typed(node, other.type, other.spec)


def _equality(field: Value, constant: Value) -> tuple[Equality, ...]:
    if field.operator != "var" or field.spec is None or constant.operator != "literal":
        return ()
    return ((field.spec.path, value_restore(constant.type, constant.stored.json, constant.scale)),)


def _bound(field: Value, operator: str, constant: Value) -> tuple[Bound, ...]:
    if operator not in TURNED:
        return ()
    return tuple((path, operator, value) for path, value in _equality(field, constant))


def in_build(builder: Builder, call: Call) -> Node:
    """`value in [..]`, `value in list field`, `text in text`."""
    needle = builder.build(call.operands[0], call.operand_pointer(0), call.scope)
    hay = call.operands[1]
    if isinstance(hay, list | tuple):
        pointer = call.operand_pointer(1)
        members = [builder.build(each, pointer_join(pointer, at), call.scope) for at, each in enumerate(hay)]
        return _in_members(builder, call, needle, members)
    found = builder.build(hay, call.operand_pointer(1), call.scope)
    if isinstance(found, Value) and found.type is FieldType.LIST:
        return _in_list(builder, call, needle, found)
    return text_contains(builder, call, needle, found)


def _in_members(builder: Builder, call: Call, needle: Node, members: list[Node]) -> Node:
    if not members:
        return builder.refuse(
            call.operand_pointer(1), "operand_count", _("The list is empty. Put a value into it.")
        )
    if not all(isinstance(each, Constant) for each in members):
        parts = [compare(builder, call, "===", (needle, each)) for each in members]
        sure = [each for each in parts if isinstance(each, Condition)]
        if len(sure) < len(parts):
            return Broken(pointer=call.pointer, operator=call.operator)
        return Condition(
            pointer=call.pointer,
            operator=call.operator,
            reads=reads_of(sure),
            children=(sure[0].children[0], *(each.children[1] for each in sure)),
            when_true=lowered.any_of([each.when_true for each in sure]),
            when_false=lowered.all_of([each.when_false for each in sure]),
        )
    value = builder.value(needle)
    if isinstance(value, Broken):
        return value
    typed = [_as_other(builder, each, value) for each in members if isinstance(each, Constant)]
    values = [each for each in typed if isinstance(each, Value)]
    if len(values) < len(typed):
        return Broken(pointer=call.pointer, operator=call.operator)
    for each in values:
        if not same_family(value.type, each.type):
            text = message(
                _("%(one)s is never among %(other)s."),
                one=TYPE_LABELS[value.type],
                other=TYPE_LABELS[each.type],
            )
            return builder.refuse(each.pointer, "type_mismatch", text)
    wanted = [value.stored, *(each.stored for each in values)]
    if value.type in NUMBERS:
        wanted, _divisor, _scale = align([value, *values])
    test = _membership(wanted[0], wanted[1:])
    return truth(
        call.pointer, call.operator, test, lowered.negated(test), (value,), children=(value, *values)
    )


def _membership(needle: Lowered, members: Sequence[Lowered]) -> Lowered:
    if all(not isinstance(each.json, dict) for each in members):
        return lowered.call("in", needle, lowered.literal([each.json for each in members]))
    return lowered.any_of([lowered.call("===", needle, each) for each in members])


def _in_list(builder: Builder, call: Call, needle: Node, hay: Value) -> Node:
    """An empty place in the list is unknown: it might be what is looked for."""
    item = hay.spec.items.get("") if hay.spec else None
    if item is None:
        text = _("This list holds objects. Ask “some” with a condition on their fields.")
        return builder.refuse(hay.pointer, "type_mismatch", text)
    value = builder.typed(needle, item.type, item) if isinstance(needle, Constant) else builder.value(needle)
    if isinstance(value, Broken):
        return value
    if not same_family(value.type, item.type) or value.divisor is not None or value.scale > item.scale:
        never = message(
            _("%(one)s is never in a list of %(other)s."),
            one=TYPE_LABELS[value.type],
            other=TYPE_LABELS[item.type],
        )
        return builder.refuse(value.pointer, "type_mismatch", never)
    sought = lowered.scaled(value.stored, item.scale - value.scale)
    test = lowered.call("in", sought, hay.stored)
    whole = lowered.negated(lowered.call("in", lowered.literal(None), hay.stored))
    absent = lowered.all_of((whole, lowered.negated(test)))
    return truth(call.pointer, call.operator, test, absent, (value, hay))
