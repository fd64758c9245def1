"""What asks about fields themselves: var, missing, missing_some, changed and the crossings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from workflows.conditions import lowered
from workflows.conditions.builder import Builder, Call, Scope
from workflows.conditions.lowered import Lowered
from workflows.conditions.nodes import Broken, Condition, Constant, Node, Value, align, reads_of
from workflows.conditions.operators_compare import compare
from workflows.conditions.problems import pointer_join
from workflows.conditions.schema import NUMBERS, TEXTS


def var_build(builder: Builder, call: Call) -> Node:
    """`{"var": path}` or `{"var": [path, default]}`: with a default the value is always known."""
    value = builder.field(call.operands[0], call.operand_pointer(0), call.scope)
    if isinstance(value, Broken) or len(call.operands) == 1 or call.operands[1] is None:
        return value if isinstance(value, Broken) else replace(value, pointer=call.pointer)
    other = builder.build(call.operands[1], call.operand_pointer(1), call.scope)
    if not isinstance(other, Constant):
        return builder.refuse(
            other.pointer, "type_mismatch", _("A default is one fixed value. Write a literal.")
        )
    default = builder.typed(other, value.type, value.spec)
    if isinstance(default, Broken):
        return default
    (stored, fallback), _divisor, scale = (
        align([value, default]) if value.type in NUMBERS else ([value.stored, default.stored], None, 0)
    )
    return Value(
        pointer=call.pointer,
        operator="var",
        children=(value, default),
        reads=value.reads,
        type=value.type,
        stored=lowered.choose(value.is_known, stored, fallback),
        scale=scale,
    )


def missing_build(builder: Builder, call: Call) -> Node:
    """True when any of the named fields is empty (absent, null or an empty text); never unknown."""
    fields = _fields(
        builder, call, call.operands, [call.operand_pointer(at) for at in range(len(call.operands))]
    )
    if isinstance(fields, Broken):
        return fields
    present = [_present(each) for each in fields]
    return Condition(
        pointer=call.pointer,
        operator=call.operator,
        children=tuple(fields),
        reads=reads_of(fields),
        when_true=lowered.any_of([lowered.negated(each) for each in present]),
        when_false=lowered.all_of(present),
    )


def missing_some_build(builder: Builder, call: Call) -> Node:
    """`[n, [paths]]`: true when fewer than n of the named fields are there; never unknown."""
    least, paths = call.operands
    if (
        isinstance(least, bool)
        or not isinstance(least, int)
        or not isinstance(paths, list | tuple)
        or not paths
    ):
        text = _(
            '“missing_some” takes a number and a list of field names, such as [1, ["record.a", "record.b"]].'
        )
        return builder.refuse(call.pointer, "type_mismatch", text)
    fields = _fields(
        builder, call, paths, [pointer_join(call.operand_pointer(1), at) for at in range(len(paths))]
    )
    if isinstance(fields, Broken):
        return fields
    count = lowered.total(
        [lowered.choose(_present(each), lowered.literal(1), lowered.literal(0)) for each in fields]
    )
    enough = lowered.call(">=", count, lowered.literal(least))
    return Condition(
        pointer=call.pointer,
        operator=call.operator,
        children=tuple(fields),
        reads=reads_of(fields),
        when_true=lowered.negated(enough),
        when_false=enough,
    )


def changed_build(builder: Builder, call: Call) -> Node:
    """True when the Event changed any of the named fields of the record; unknown when it does not say."""
    if call.scope.items is not None:
        return builder.refuse(
            call.pointer, "operator_refused", _("“changed” asks about the record. Use it outside the list.")
        )
    names = []
    for index, name in enumerate(call.operands):
        path = name if isinstance(name, str) and name.startswith("record.") else f"record.{name}"
        field = builder.field(path if isinstance(name, str) else None, call.operand_pointer(index), Scope())
        if isinstance(field, Broken):
            return field
        names.append(path.removeprefix("record."))
    changed = lowered.read(("changed",))
    known = lowered.call("!==", changed, lowered.literal(None))
    inside = lowered.any_of(
        [lowered.call("in", lowered.literal(lowered.TEXT_TAG + name), changed) for name in names]
    )
    return Condition(
        pointer=call.pointer,
        operator=call.operator,
        reads=frozenset({"changed"}),
        when_true=lowered.all_of((known, inside)),
        when_false=lowered.all_of((known, lowered.negated(inside))),
    )


def crosses_below_build(builder: Builder, call: Call) -> Node:
    """Was at or above the threshold before, is below it now. Each side is compared with its own threshold."""
    return _crossing(builder, call, before=">=", after="<")


def crosses_above_build(builder: Builder, call: Call) -> Node:
    """Was at or below the threshold before, is above it now."""
    return _crossing(builder, call, before="<=", after=">")


def _crossing(builder: Builder, call: Call, *, before: str, after: str) -> Node:
    if call.scope.items is not None:
        return builder.refuse(
            call.pointer, "operator_refused", _("A crossing is about the record. Use it outside the list.")
        )
    nodes = builder.nodes(call)
    if any(isinstance(each, Broken) for each in nodes):
        return Broken(pointer=call.pointer, operator=call.operator)
    if not any(path.startswith("record.") for path in nodes[0].reads):
        text = _("A crossing watches a field of the record. Put such a field first.")
        return builder.refuse(call.operand_pointer(0), "type_mismatch", text)
    was = Call(call.operator, call.operands, call.pointer, Scope(renamed={"record": "before"}), call.wrapped)
    now_part = compare(builder, call, after, nodes)
    was_part = compare(builder, call, before, builder.nodes(was))
    if isinstance(now_part, Broken) or isinstance(was_part, Broken):
        return Broken(pointer=call.pointer, operator=call.operator)
    parts = [was_part, now_part]
    return Condition(
        pointer=call.pointer,
        operator=call.operator,
        children=(*was_part.children, *now_part.children),
        reads=reads_of(parts),
        when_true=lowered.all_of([each.when_true for each in parts]),
        when_false=lowered.any_of([each.when_false for each in parts]),
    )


def _fields(
    builder: Builder, call: Call, paths: Sequence[Any], pointers: Sequence[str]
) -> list[Value] | Broken:
    found = [builder.field(path, pointer, call.scope) for path, pointer in zip(paths, pointers, strict=True)]
    values = [each for each in found if isinstance(each, Value)]
    return values if len(values) == len(found) else Broken(pointer=call.pointer, operator=call.operator)


def _present(field: Value) -> Lowered:
    if field.type in TEXTS:
        return lowered.all_of(
            (field.is_known, lowered.call("!==", field.stored, lowered.literal(lowered.TEXT_TAG)))
        )
    return field.is_known
