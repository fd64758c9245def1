"""Changing fields of the rule's own record, for the actions that do: compared first, once, read back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from connectors.ports.erp import ValuesMoved
from kernel.errors import Rejected
from kernel.text import Localized, localized
from workflows.actions.question import precondition_failed
from workflows.actions.written import equal, filled, mismatch, moved, refused, values_unequal
from workflows.blocks import Done, Refused, RuleScope, StepContext, StepResult
from workflows.definition import Problem

DONE_TEXT = {"en": "Changed in the ERP at {at}", "zh-hans": "已于 {at} 在 ERP 中修改"}
MOVED = gettext_noop("Nothing was changed, because this is no longer so: %(changes)s")


def cannot_change(scope: RuleScope) -> Localized | None:
    """Why nothing of these records can be changed; None when something can."""
    able = scope.manifest.erp
    if able is None or not able.updates:
        text = gettext_noop("%(connector)s cannot change records.")
        return localized(text, connector=scope.manifest.label)
    if not scope.writable:
        text = gettext_noop(
            "An administrator has to say in the connection which fields of %(object)s may be changed."
        )
        return localized(text, object=scope.about.label)
    return None


def field_problems(scope: RuleScope, name: str, pointer: str) -> list[Problem]:
    if name in scope.writable:
        return []
    known = scope.about.by_name.get(name)
    words = _("“%(field)s” may not be changed through this connection.")
    return [Problem(pointer, "not_writable", words % {"field": str(known.label) if known else name})]


def record_change(params: Mapping[str, Any], wanted: Mapping[str, Any], context: StepContext) -> StepResult:
    """Bring the record's fields to `wanted`. What the person saw, and the ERP's own present state, are compared first."""
    try:
        earlier = context.earlier()
    except Rejected as error:
        return refused(error)
    if earlier is not None and earlier.result is not None:
        return _changed(
            params, context, earlier.values, context.read_back(context.about.name, earlier.result.record)
        )
    fresh = context.read_fresh()
    if fresh is None:
        return Refused(localized(gettext_noop("The record is gone from the ERP; nothing was changed.")))
    values = {name: value for name, value in wanted.items() if not equal(value, fresh.get(name))}
    differences = context.differences([*values, *params.get("material", ())], fresh)
    if differences:
        return moved(differences, MOVED)
    failed = precondition_failed(params, context, fresh)
    if failed is not None:
        return Refused(failed)
    if not values:
        return Done({"written": {}}, localized(gettext_noop("It was so already; nothing had to be changed.")))
    try:
        result = context.update(values)
    except ValuesMoved:
        return Refused(
            localized(gettext_noop("Somebody else changed it at that moment; nothing was changed."))
        )
    except Rejected as error:
        return refused(error)
    return _changed(params, context, values, context.read_back(context.about.name, result.record))


def _changed(
    params: Mapping[str, Any], context: StepContext, values: Mapping[str, Any], read: Mapping[str, Any]
) -> Done:
    unequal = values_unequal(values, read)
    output = {
        "written": dict(values),
        "read_back": {name: read.get(name) for name in values},
        "mismatch": unequal,
    }
    if unequal:
        classes = {name: context.field_class(context.about.name, name) for name in unequal}
        words = gettext_noop("It was changed, but the ERP holds other values than approved: %(words)s")
        return mismatch(output, unequal, classes, words)
    done = Localized.from_json(params.get("done") or DONE_TEXT)
    return Done(output, filled(done, {"person": context.person_name}))
