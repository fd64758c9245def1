"""The registry of what a condition may say. Everything else is refused by name."""

from __future__ import annotations

from collections.abc import Mapping

from workflows.conditions.builder import Operator
from workflows.conditions.operators_arithmetic import (
    difference_build,
    extreme_build,
    product_build,
    quotient_build,
    remainder_build,
    sum_build,
)
from workflows.conditions.operators_compare import equality_build, in_build, order_build
from workflows.conditions.operators_fields import (
    changed_build,
    crosses_above_build,
    crosses_below_build,
    missing_build,
    missing_some_build,
    var_build,
)
from workflows.conditions.operators_lists import list_build
from workflows.conditions.operators_logic import and_build, if_build, not_build, or_build, truth_build
from workflows.conditions.operators_text import cat_build, contains_build, ends_with_build, starts_with_build

OPERATORS: Mapping[str, Operator] = {
    "var": Operator(var_build, 1, 2),
    "and": Operator(and_build, 1, None),
    "or": Operator(or_build, 1, None),
    "!": Operator(not_build, 1, 1),
    "!!": Operator(truth_build, 1, 1),
    "if": Operator(if_build, 3, None),
    "?:": Operator(if_build, 3, 3),
    "==": Operator(equality_build, 2, 2),
    "===": Operator(equality_build, 2, 2),
    "!=": Operator(equality_build, 2, 2),
    "!==": Operator(equality_build, 2, 2),
    "<": Operator(order_build, 2, 3),
    "<=": Operator(order_build, 2, 3),
    ">": Operator(order_build, 2, 3),
    ">=": Operator(order_build, 2, 3),
    "in": Operator(in_build, 2, 2),
    "some": Operator(list_build, 2, 2),
    "all": Operator(list_build, 2, 2),
    "none": Operator(list_build, 2, 2),
    "+": Operator(sum_build, 1, None),
    "-": Operator(difference_build, 1, 2),
    "*": Operator(product_build, 1, None),
    "/": Operator(quotient_build, 2, 2),
    "%": Operator(remainder_build, 2, 2),
    "min": Operator(extreme_build, 1, None),
    "max": Operator(extreme_build, 1, None),
    "missing": Operator(missing_build, 1, None),
    "missing_some": Operator(missing_some_build, 2, 2),
    "changed": Operator(changed_build, 1, None),
    "crosses_below": Operator(crosses_below_build, 2, 2),
    "crosses_above": Operator(crosses_above_build, 2, 2),
    "contains": Operator(contains_build, 2, 2),
    "starts_with": Operator(starts_with_build, 2, 2),
    "ends_with": Operator(ends_with_build, 2, 2),
    "cat": Operator(cat_build, 1, None),
}
