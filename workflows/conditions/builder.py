"""JsonLogic → typed nodes. Collects every problem instead of stopping at the first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any, TypeVar

from django.utils.translation import gettext_lazy as _

from connectors.dictionary.types import FieldType
from workflows.conditions import lowered
from workflows.conditions.literals import literal_type, literal_value
from workflows.conditions.lowered import LoweredTooLarge
from workflows.conditions.nodes import (
    DATE_BITS,
    DATETIME_BITS,
    Broken,
    Condition,
    Constant,
    Node,
    Value,
)
from workflows.conditions.problems import Message, Problem, logic_measure, message, pointer_join
from workflows.conditions.schema import NUMBERS, TYPE_LABELS, ConditionSchema, FieldSpec

Kind = TypeVar("Kind", bound=Node)


@dataclass(frozen=True)
class Scope:
    """What `var` means here: the whole data, or one item of a list. `renamed` swaps a root for another."""

    items: Mapping[str, FieldSpec] | None = None
    list_path: str = ""
    renamed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """One operator with its operands, still JSON."""

    operator: str
    operands: tuple[Any, ...]
    pointer: str
    scope: Scope
    wrapped: bool

    def operand_pointer(self, index: int) -> str:
        return pointer_join(self.pointer, self.operator, *((index,) if self.wrapped else ()))


Handler = Callable[["Builder", Call], Node]


@dataclass(frozen=True)
class Operator:
    build: Handler
    fewest: int
    most: int | None


class Builder:
    """Builds one condition. `operators` is the registry of what Baton understands."""

    def __init__(self, schema: ConditionSchema, operators: Mapping[str, Operator]) -> None:
        self.schema = schema
        self.operators = operators
        self.problems: list[Problem] = []

    def build_root(self, logic: Any, want: Callable[[Any, str, Scope], Kind | Broken]) -> Kind | None:
        """`logic` as `want` wants it, or None with `problems` filled."""
        self.problems.extend(logic_measure(logic))
        if self.problems:
            return None
        try:
            node = want(logic, "", Scope())
        except LoweredTooLarge:
            text = _(
                "The condition multiplies out too far. Nest fewer “if” and “/” in each other, or split it."
            )
            self.refuse("", "too_complex", text)
            return None
        return None if self.problems or isinstance(node, Broken) else node

    def refuse(self, pointer: str, code: str, text: Message) -> Broken:
        self.problems.append(Problem(pointer, code, text))
        return Broken(pointer=pointer, operator="")

    def build(self, logic: Any, pointer: str, scope: Scope) -> Node:
        if isinstance(logic, dict):
            if len(logic) != 1:
                return self.refuse(
                    pointer, "not_one_operator", _("Write exactly one operator in each pair of braces.")
                )
            ((name, raw),) = logic.items()
            wrapped = isinstance(raw, list | tuple)
            return self._call(Call(name, tuple(raw) if wrapped else (raw,), pointer, scope, wrapped))
        if isinstance(logic, list | tuple):
            return self.refuse(
                pointer, "list_not_expected", _("A list can only stand as the second part of “in”.")
            )
        if logic is None:
            text = _(
                "Nothing equals an empty value. To ask whether a field is empty use the operator “missing”."
            )
            return self.refuse(pointer, "null_literal", text)
        return Constant(pointer=pointer, operator="literal", value=logic)

    def _call(self, found: Call) -> Node:
        operator = self.operators.get(found.operator)
        if operator is None:
            if found.operator == "now":
                refused = _(
                    'The time comes with the event, so that a replay decides alike. Use {"var": "now"}.'
                )
                return self.refuse(found.pointer, "operator_refused", refused)
            known = ", ".join(self.operators)
            unknown = message(
                _("There is no operator “%(name)s”. Use one of: %(known)s."),
                name=found.operator[:60],
                known=known,
            )
            return self.refuse(found.pointer, "operator_unknown", unknown)
        count = len(found.operands)
        if count < operator.fewest or (operator.most is not None and count > operator.most):
            few = operator.fewest
            most = operator.most if operator.most is not None else "…"
            wanted = str(few) if few == operator.most else f"{few}–{most}"
            text = message(
                _("“%(name)s” takes %(wanted)s parts, here are %(count)s. Add or remove some."),
                name=found.operator,
                wanted=wanted,
                count=count,
            )
            return self.refuse(found.pointer, "operand_count", text)
        return operator.build(self, found)

    # -- operands in the shape an operator needs ------------------------------------------------------------

    def nodes(self, found: Call) -> list[Node]:
        return [
            self.build(each, found.operand_pointer(index), found.scope)
            for index, each in enumerate(found.operands)
        ]

    def condition(self, logic: Any, pointer: str, scope: Scope) -> Condition | Broken:
        return self.as_condition(self.build(logic, pointer, scope))

    def as_condition(self, node: Node) -> Condition | Broken:
        if isinstance(node, Condition | Broken):
            return node
        if isinstance(node, Constant) and isinstance(node.value, bool):
            yes, no = lowered.literal(node.value), lowered.literal(not node.value)
            return Condition(pointer=node.pointer, operator="literal", when_true=yes, when_false=no)
        if isinstance(node, Value) and node.type is FieldType.BOOLEAN:
            yes = lowered.all_of((node.is_known, lowered.call("===", node.stored, lowered.TRUE)))
            no = lowered.all_of((node.is_known, lowered.call("===", node.stored, lowered.FALSE)))
            demanded = ((node.spec.path, True),) if node.spec and node.operator == "var" else ()
            return Condition(
                pointer=node.pointer,
                operator=node.operator,
                children=(node,),
                reads=node.reads,
                when_true=yes,
                when_false=no,
                equalities=demanded,
            )
        text = _("Here a yes-or-no question is needed, not a value. Compare it with something.")
        return self.refuse(node.pointer, "not_a_condition", text)

    def value(self, node: Node, kind: FieldType | None = None) -> Value | Broken:
        """`node` as a value; a literal is read as `kind`, or as what it looks like."""
        if isinstance(node, Value | Broken):
            return node
        if isinstance(node, Constant):
            return self.typed(node, kind or literal_type(node.value))
        text = _("Here a value is needed, not a yes-or-no question. Use a field, a number or a text.")
        return self.refuse(node.pointer, "not_a_value", text)

    def numbers(self, nodes: Sequence[Node]) -> list[Value] | Broken:
        found: list[Value] = []
        broken: Broken | None = None
        for node in nodes:
            value = self.value(node, FieldType.DECIMAL)
            if isinstance(value, Value) and value.type not in NUMBERS:
                text = message(
                    _("Only numbers can be calculated with; this is %(type)s."), type=TYPE_LABELS[value.type]
                )
                value = self.refuse(node.pointer, "type_mismatch", text)
            if isinstance(value, Broken):
                broken = value
            else:
                found.append(value)
        return broken or found

    def typed(self, node: Constant, kind: FieldType, spec: FieldSpec | None = None) -> Value | Broken:
        """A literal as a value of the type its neighbour has."""
        found = literal_value(node, kind, spec)
        if isinstance(found, Value):
            return found
        return self.refuse(node.pointer, *found)

    # -- fields ---------------------------------------------------------------------------------------------

    def field(self, path: Any, pointer: str, scope: Scope) -> Value | Broken:
        if not isinstance(path, str):
            return self.refuse(
                pointer, "field_unknown", _("A field is named by one fixed text. Write its name.")
            )
        if scope.items is not None:
            spec, known = scope.items.get(path), tuple(scope.items)
            tokens: tuple[str, ...] = (path,) if path else ()
            read_path = scope.list_path
        else:
            root, dot, name = path.partition(".")
            path = scope.renamed.get(root, root) + dot + name
            spec, known = self.schema.find(path), self.schema.paths
            tokens, read_path = (spec.tokens if spec else ()), path
        if spec is None:
            near = ", ".join(get_close_matches(path, known, n=3)) or ", ".join(known[:8])
            text = message(
                _("There is no field “%(path)s” here. Did you mean: %(near)s?"), path=path[:80], near=near
            )
            return self.refuse(pointer, "field_unknown", text)
        bits = {FieldType.DATE: DATE_BITS, FieldType.DATETIME: DATETIME_BITS}.get(spec.type, 0)
        stored = lowered.read(tokens, bits=bits, degree=1 if spec.type in NUMBERS else 0)
        present = lowered.call("!==", stored, lowered.literal(None))
        return Value(
            pointer=pointer,
            operator="var",
            reads=frozenset({read_path}),
            type=spec.type,
            stored=stored,
            scale=spec.scale,
            known={present.key: present},
            spec=replace(spec, path=path),
        )
