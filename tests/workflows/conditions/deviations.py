"""Where Baton differs from the public JsonLogic suites, case by case; docs/conditions.md says it in words.

The lists are exact: a case that starts to agree has to leave them.
"""

from __future__ import annotations

_PRESERVE = "`preserve` is no operator of the engine"
_NULL_LIST = "the engine takes a null list for an empty one; the compiler guards every list"
_NULL_MAP = "the engine maps and filters with a null expression; Baton refuses map and filter"
_EMPTY_OBJECT = "the engine takes an empty object for false; Baton refuses an empty object"
_EMPTY_JUNCTION = "the engine gives null; Baton refuses an operator without parts"

ENGINE: dict[str, str] = {
    "arithmetic/divide.extra.json:1": _PRESERVE,
    "arithmetic/divide.extra.json:2": _PRESERVE,
    "arithmetic/minus.extra.json:1": _PRESERVE,
    "arithmetic/minus.extra.json:2": _PRESERVE,
    "arithmetic/multiply.extra.json:0": _PRESERVE,
    "arithmetic/multiply.extra.json:1": _PRESERVE,
    "arithmetic/multiply.extra.json:2": _PRESERVE,
    "arithmetic/plus.extra.json:0": _PRESERVE,
    "arithmetic/plus.extra.json:1": _PRESERVE,
    "arithmetic/plus.extra.json:2": _PRESERVE,
    "array/all.json:5": _NULL_LIST,
    "array/all.json:6": _NULL_LIST,
    "array/filter.json:6": _NULL_MAP,
    "array/filter.json:7": _NULL_LIST,
    "array/map.json:6": _NULL_MAP,
    "array/map.json:7": _NULL_LIST,
    "array/merge.json:4": "the engine drops a null when it merges; Baton refuses merge",
    "array/none.json:5": _NULL_LIST,
    "array/none.json:6": _NULL_LIST,
    "array/some.json:5": _NULL_LIST,
    "array/some.json:6": _NULL_LIST,
    "control/and.json:20": _EMPTY_JUNCTION,
    "control/doublebang.json:10": _EMPTY_OBJECT,
    "control/if.json:3": _EMPTY_OBJECT,
    "control/if.json:38": _EMPTY_OBJECT,
    "control/not.json:10": _EMPTY_OBJECT,
    "control/or.json:4": _EMPTY_JUNCTION,
    "truthiness.json:6": _EMPTY_OBJECT,
    "truthiness.json:9": _EMPTY_OBJECT,
}
"""What the engine itself answers otherwise, before Baton's compiler: case → why it does not matter."""

_MISSING = "`missing` asks yes or no here; it does not list the fields"
_BARE = "a condition that is no list counts as the only part"

EVALUATOR: dict[str, str] = {
    **{
        f"{file}:{at}": _MISSING
        for file in ("tests.json", "compatible.json")
        for at in (216, 217, 220, 226, 230, 234)
    },
    "control/and.json:21": _BARE,
    "control/or.json:17": _BARE,
}
"""Rules that Baton accepts and answers otherwise."""

REFUSED: dict[str, dict[str, int]] = {
    "classic": {
        "field_unknown": 43,
        "list_not_expected": 10,
        "not_a_condition": 29,
        "null_literal": 1,
        "operand_count": 13,
        "operator_unknown": 30,
        "type_mismatch": 9,
    },
    "compat": {
        "division_by_zero": 2,
        "field_unknown": 56,
        "list_not_expected": 46,
        "not_a_condition": 76,
        "not_one_operator": 20,
        "null_literal": 52,
        "operand_count": 138,
        "operator_unknown": 257,
        "type_mismatch": 150,
    },
}
"""Rules that Baton refuses to publish, by the code of the first problem: everything else agrees."""
