"""+ - * / % min max over exact numbers, and days added to dates.

Numbers stay integers: `stored / divisor / 10 ** scale`, so that nothing is ever rounded inside a condition.
"""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext_lazy as _

from connectors.dictionary.types import FieldType
from workflows.conditions import lowered
from workflows.conditions.builder import Builder, Call
from workflows.conditions.lowered import Lowered
from workflows.conditions.nodes import Broken, Constant, Node, Value, align, known_of, reads_of

MAX_SCALE = 60


def sum_build(builder: Builder, call: Call) -> Node:
    nodes = builder.nodes(call)
    if any(isinstance(each, Value) and each.type is FieldType.DATE for each in nodes):
        return _date_moved(builder, call, nodes)
    values = builder.numbers(nodes)
    if isinstance(values, Broken):
        return values
    numerators, divisor, scale = align(values)
    return _number(builder, call, values, lowered.total(numerators), divisor=divisor, scale=scale)


def difference_build(builder: Builder, call: Call) -> Node:
    """`-a`, `a - b`; of two dates the days between them."""
    nodes = builder.nodes(call)
    if any(isinstance(each, Value) and each.type is FieldType.DATE for each in nodes):
        return _date_moved(builder, call, nodes)
    values = builder.numbers(nodes)
    if isinstance(values, Broken):
        return values
    numerators, divisor, scale = align(values)
    if len(numerators) == 1:
        found = lowered.product(numerators[0], lowered.literal(-1))
    else:
        found = lowered.difference(*numerators)
    return _number(builder, call, values, found, divisor=divisor, scale=scale)


def product_build(builder: Builder, call: Call) -> Node:
    values = builder.numbers(builder.nodes(call))
    if isinstance(values, Broken):
        return values
    divisors = [each.divisor for each in values if each.divisor is not None]
    return _number(
        builder,
        call,
        values,
        lowered.product(*(each.stored for each in values)),
        divisor=lowered.product(*divisors) if divisors else None,
        scale=sum(each.scale for each in values),
    )


def quotient_build(builder: Builder, call: Call) -> Node:
    """Exact division; by zero it is unknown."""
    values = builder.numbers(builder.nodes(call))
    if isinstance(values, Broken):
        return values
    top, bottom = values
    factors = [top.stored, lowered.literal(10**bottom.scale), *([bottom.divisor] if bottom.divisor else [])]
    divisors = [bottom.stored, *([top.divisor] if top.divisor else [])]
    fixed = bottom.stored.json
    if fixed == 0 and isinstance(fixed, int):
        return builder.refuse(
            bottom.pointer, "division_by_zero", _("Nothing can be divided by zero. Write another number.")
        )
    if not isinstance(fixed, int):
        factors.append(bottom.stored)
        divisors.append(bottom.stored)
    elif fixed < 0:
        factors.append(lowered.literal(-1))
        divisors.append(lowered.literal(-1))
    stored, divisor = lowered.product(*factors), lowered.product(*divisors)
    found = _number(builder, call, values, stored, divisor=divisor, scale=top.scale, exact=False)
    return found if isinstance(fixed, int) else _unless_zero(found, bottom)


def remainder_build(builder: Builder, call: Call) -> Node:
    """What is left of a division, with the sign of the first number; by zero it is unknown."""
    values = builder.numbers(builder.nodes(call))
    if isinstance(values, Broken):
        return values
    (top, bottom), divisor, scale = align(values)
    if divisor is not None:
        return builder.refuse(
            call.pointer, "type_mismatch", _("“%” does not work on a quotient. Leave the division out.")
        )
    if bottom.json == 0 and isinstance(bottom.json, int):
        return builder.refuse(
            values[1].pointer, "division_by_zero", _("Nothing can be divided by zero. Write another number.")
        )
    rest = lowered.call("%", top, bottom, bits=top.bits, degree=top.degree)
    found = _number(builder, call, values, rest, divisor=None, scale=scale)
    return found if isinstance(bottom.json, int) else _unless_zero(found, values[1])


def extreme_build(builder: Builder, call: Call) -> Node:
    values = builder.numbers(builder.nodes(call))
    if isinstance(values, Broken):
        return values
    numerators, divisor, scale = align(values)
    return _number(
        builder, call, values, lowered.extreme(call.operator, numerators), divisor=divisor, scale=scale
    )


def _number(
    builder: Builder,
    call: Call,
    values: list[Value],
    stored: Lowered,
    *,
    divisor: Lowered | None,
    scale: int,
    exact: bool = True,
) -> Value | Broken:
    if scale > MAX_SCALE:
        return builder.refuse(
            call.pointer, "too_complex", _("This multiplies too many decimal numbers. Leave some out.")
        )
    whole = exact and all(each.type is FieldType.INTEGER for each in values)
    return Value(
        pointer=call.pointer,
        operator=call.operator,
        children=tuple(values),
        reads=reads_of(values),
        type=FieldType.INTEGER if whole else FieldType.DECIMAL,
        stored=stored,
        scale=scale,
        divisor=divisor,
        known=known_of(*values),
    )


def _unless_zero(found: Value | Broken, bottom: Value) -> Value | Broken:
    if isinstance(found, Broken):
        return found
    nonzero = lowered.call("!==", bottom.stored, lowered.literal(0))
    return replace(found, known={**found.known, nonzero.key: nonzero})


def _date_moved(builder: Builder, call: Call, nodes: list[Node]) -> Node:
    """date + days, date - days, date - date."""
    if len(nodes) != 2 or any(isinstance(each, Broken) for each in nodes):
        text = _("A date takes one number of days, or another date to subtract. Use two parts.")
        return builder.refuse(call.pointer, "operand_count", text) if len(nodes) != 2 else nodes[0]
    found = [
        builder.value(each, _date_or_days(each)) if isinstance(each, Constant) else builder.value(each)
        for each in nodes
    ]
    values = [each for each in found if isinstance(each, Value)]
    if len(values) < 2:
        return Broken(pointer=call.pointer, operator=call.operator)
    kinds = [each.type for each in values]
    left, right = values
    if call.operator == "-" and kinds == [FieldType.DATE, FieldType.DATE]:
        kind, stored = FieldType.INTEGER, lowered.difference(left.stored, right.stored)
    elif call.operator == "-" and kinds == [FieldType.DATE, FieldType.INTEGER]:
        kind, stored = FieldType.DATE, lowered.difference(left.stored, right.stored)
    elif call.operator == "+" and set(kinds) == {FieldType.DATE, FieldType.INTEGER}:
        kind, stored = FieldType.DATE, lowered.total([left.stored, right.stored])
    else:
        text = _("To a date only whole days are added; from it, days or another date are subtracted.")
        return builder.refuse(call.pointer, "type_mismatch", text)
    return Value(
        pointer=call.pointer,
        operator=call.operator,
        children=(left, right),
        reads=reads_of(values),
        type=kind,
        stored=stored,
        known=known_of(left, right),
    )


def _date_or_days(node: Constant) -> FieldType:
    return FieldType.DATE if isinstance(node.value, str) and "-" in node.value[1:] else FieldType.INTEGER
