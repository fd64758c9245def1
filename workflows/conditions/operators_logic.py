"""and, or, not and if."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from connectors.dictionary.types import FieldType
from workflows.conditions import lowered
from workflows.conditions.builder import Builder, Call
from workflows.conditions.literals import literal_type
from workflows.conditions.lowered import Lowered
from workflows.conditions.nodes import (
    Broken,
    Condition,
    Constant,
    Node,
    Value,
    reads_of,
    same_family,
)
from workflows.conditions.problems import message
from workflows.conditions.schema import TYPE_LABELS


def and_build(builder: Builder, call: Call) -> Node:
    parts = _conditions(builder, call)
    if isinstance(parts, Broken):
        return parts
    return _joined(
        call,
        parts,
        lowered.all_of([each.when_true for each in parts]),
        lowered.any_of([each.when_false for each in parts]),
        demands=True,
    )


def or_build(builder: Builder, call: Call) -> Node:
    parts = _conditions(builder, call)
    if isinstance(parts, Broken):
        return parts
    return _joined(
        call,
        parts,
        lowered.any_of([each.when_true for each in parts]),
        lowered.all_of([each.when_false for each in parts]),
    )


def not_build(builder: Builder, call: Call) -> Node:
    parts = _conditions(builder, call)
    if isinstance(parts, Broken):
        return parts
    (part,) = parts
    found = _joined(call, parts, part.when_false, part.when_true)
    if part.operator == "var":
        return _with_equalities(found, tuple((path, False) for path, _true in part.equalities))
    return found


def truth_build(builder: Builder, call: Call) -> Node:
    """`!!`: the condition itself."""
    parts = _conditions(builder, call)
    if isinstance(parts, Broken):
        return parts
    return _joined(call, parts, parts[0].when_true, parts[0].when_false, demands=True)


def if_build(builder: Builder, call: Call) -> Node:
    """`if` / `?:` with any number of else-ifs. Both a condition and a value, as its branches are."""
    if len(call.operands) % 2 == 0:
        return builder.refuse(
            call.pointer, "operand_count", _("“if” needs a last part for “otherwise”. Add it.")
        )
    nodes = builder.nodes(call)
    tests = [builder.as_condition(each) for each in nodes[:-1:2]]
    branches = [*nodes[1::2], nodes[-1]]
    if any(isinstance(each, Broken) for each in (*tests, *branches)):
        return Broken(pointer=call.pointer, operator=call.operator)
    sure = [each for each in tests if isinstance(each, Condition)]
    if all(_is_question(each) for each in branches):
        return _if_condition(builder, call, sure, branches)
    return _if_value(builder, call, sure, branches)


def _if_condition(builder: Builder, call: Call, tests: list[Condition], branches: list[Node]) -> Node:
    parts = [builder.as_condition(each) for each in branches]
    sure = [each for each in parts if isinstance(each, Condition)]
    yes, no = sure[-1].when_true, sure[-1].when_false
    for test, branch in zip(reversed(tests), reversed(sure[:-1]), strict=True):
        yes = lowered.any_of(
            [lowered.all_of((test.when_true, branch.when_true)), lowered.all_of((test.when_false, yes))]
        )
        no = lowered.any_of(
            [lowered.all_of((test.when_true, branch.when_false)), lowered.all_of((test.when_false, no))]
        )
    return _joined(call, _interleaved(tests, sure), yes, no)


def _if_value(builder: Builder, call: Call, tests: list[Condition], branches: list[Node]) -> Node:
    kinds = [each.type for each in branches if isinstance(each, Value)]
    looks = [literal_type(each.value) for each in branches if isinstance(each, Constant)]
    kind_wanted = (
        kinds[0] if kinds else next((each for each in looks if each is not FieldType.TEXT), FieldType.TEXT)
    )
    found = [builder.value(each, kind_wanted) for each in branches]
    values = [each for each in found if isinstance(each, Value)]
    if len(values) < len(found):
        return Broken(pointer=call.pointer, operator=call.operator)
    for each in values[1:]:
        if not same_family(values[0].type, each.type):
            text = message(
                _("One branch is %(one)s, this one is %(other)s. Make them alike."),
                one=TYPE_LABELS[values[0].type],
                other=TYPE_LABELS[each.type],
            )
            return builder.refuse(each.pointer, "type_mismatch", text)
    scale = max(each.scale for each in values)
    one = lowered.literal(1)
    last = values[-1]
    known, stored = last.is_known, lowered.scaled(last.stored, scale - last.scale) if scale else last.stored
    divisor = last.divisor or one
    for test, branch in zip(reversed(tests), reversed(values[:-1]), strict=True):
        chosen = lowered.scaled(branch.stored, scale - branch.scale) if scale else branch.stored
        known = lowered.any_of(
            [lowered.all_of((test.when_true, branch.is_known)), lowered.all_of((test.when_false, known))]
        )
        stored = lowered.choose(test.when_true, chosen, stored)
        divisor = lowered.choose(test.when_true, branch.divisor or one, divisor)
    kind = FieldType.DECIMAL if any(each.type is FieldType.DECIMAL for each in values) else last.type
    children = _interleaved(tests, values)
    return Value(
        pointer=call.pointer,
        operator=call.operator,
        children=tuple(children),
        reads=reads_of(children),
        type=kind,
        stored=stored,
        scale=scale,
        divisor=divisor if any(each.divisor for each in values) else None,
        known={known.key: known},
    )


def _interleaved(tests: list[Condition], branches: list[Any]) -> list[Any]:
    pairs = [each for pair in zip(tests, branches[:-1], strict=True) for each in pair]
    return [*pairs, branches[-1]]


def _is_question(node: Node) -> bool:
    if isinstance(node, Condition):
        return True
    if isinstance(node, Value):
        return node.type is FieldType.BOOLEAN
    return isinstance(node, Constant) and isinstance(node.value, bool)


def _conditions(builder: Builder, call: Call) -> list[Condition] | Broken:
    parts = [builder.as_condition(each) for each in builder.nodes(call)]
    sure = [each for each in parts if isinstance(each, Condition)]
    return sure if len(sure) == len(parts) else Broken(pointer=call.pointer, operator=call.operator)


def _joined(
    call: Call, parts: list[Condition], yes: Lowered, no: Lowered, *, demands: bool = False
) -> Condition:
    """`demands`: it can only be true where every part is."""
    sure = parts if demands else []
    return Condition(
        pointer=call.pointer,
        operator=call.operator,
        children=tuple(parts),
        reads=reads_of(parts),
        when_true=yes,
        when_false=no,
        equalities=tuple(each for part in sure for each in part.equalities),
        bounds=tuple(each for part in sure for each in part.bounds),
    )


def _with_equalities(found: Condition, demanded: tuple[tuple[str, Any], ...]) -> Condition:
    return replace(found, equalities=demanded)
