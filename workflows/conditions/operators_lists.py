"""some, all and none over the items of a list field."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from connectors.dictionary.types import FieldType
from workflows.conditions import lowered
from workflows.conditions.builder import Builder, Call, Scope
from workflows.conditions.lowered import Lowered
from workflows.conditions.nodes import Broken, Condition, Node, Value


def list_build(builder: Builder, call: Call) -> Node:
    """Three-valued over items: one true item makes `some` true whatever the unknown ones are, and so on.

    As everywhere in JsonLogic, `all` of an empty list is false.
    """
    source = builder.build(call.operands[0], call.operand_pointer(0), call.scope)
    if isinstance(source, Broken):
        return source
    if not isinstance(source, Value) or source.type is not FieldType.LIST or source.spec is None:
        text = _('The first part must be a list field, such as {"var": "record.lines"}.')
        return builder.refuse(source.pointer, "type_mismatch", text)
    scope = Scope(items=source.spec.items, list_path=source.spec.path)
    test = builder.condition(call.operands[1], call.operand_pointer(1), scope)
    if isinstance(test, Broken):
        return test
    if call.operator == "all":
        yes = lowered.call("all", source.stored, test.when_true)
        no = lowered.any_of((lowered.negated(_some(source, lowered.TRUE)), _some(source, test.when_false)))
    else:
        yes = _some(source, test.when_true)
        no = lowered.negated(_some(source, lowered.negated(test.when_false)))
    if call.operator == "none":
        yes, no = no, yes
    known = source.is_known
    return Condition(
        pointer=call.pointer,
        operator=call.operator,
        children=(source,),
        reads=source.reads | test.reads,
        when_true=lowered.all_of((known, yes)),
        when_false=lowered.all_of((known, no)),
        each_item=test,
    )


def _some(source: Value, test: Lowered) -> Lowered:
    return lowered.call("some", source.stored, test)
