"""Action: change fields of the record in the ERP, exactly once.

    {"values": {"reorder_level": {"input": "level"}, "buyer": {"var": "result.buyer"}},
     "material": ["on_hand"], "precondition": {…}, "done": {"en": "Changed by {person} at {at}", "zh-hans": "…"}}

Nothing is changed when a field to be changed, or a material one, is no longer what was shown: what you saw is what you
approved. The ERP compares once more in the same moment in which it changes. Which fields can be changed at all the
administrator of the connection says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel.text import Localized, localized
from workflows.actions.changing import cannot_change, field_problems, record_change
from workflows.actions.question import logic_problems, preconditions_check
from workflows.actions.shapes import MATERIAL, PRECONDITION
from workflows.actions.written import is_input, value_text
from workflows.blocks import ActionBase, RuleScope, StepContext, StepResult
from workflows.conditions.words import condition_words
from workflows.definition import Problem
from workflows.shapes import shape, shape_object, shape_words


class UpdateFieldsAction(ActionBase):
    key = "update_fields"
    label = Localized("Update fields", "更新字段")
    params = shape_object(
        ("values",),
        values=shape("object", Localized("New values", "新值"), editor="changes"),
        material=MATERIAL,
        precondition=PRECONDITION,
        done=shape_words(Localized("Says when done", "完成后显示")),
    )
    writes = True

    def unavailable(self, scope: RuleScope) -> Localized | None:
        return cannot_change(scope)

    def check(self, params: Mapping[str, Any], scope: RuleScope, pointer: str) -> list[Problem]:
        values = params.get("values")
        if not isinstance(values, Mapping) or not values:
            return [Problem(f"{pointer}/values", "missing", _("Choose at least one field to change."))]
        problems = preconditions_check(params, scope, pointer)
        for name, logic in values.items():
            where = f"{pointer}/values/{name}"
            problems += field_problems(scope, name, where)
            if logic in (None, ""):
                words = _("“%(name)s” needs a value.") % {"name": name}
                problems.append(Problem(where, "required", words))
            elif not is_input(logic):
                problems += logic_problems(logic, scope, where, is_condition=False)
        return problems

    def execute(self, params: Mapping[str, Any], context: StepContext) -> StepResult:
        wanted = {
            name: value_text(logic, context, context.record) for name, logic in params["values"].items()
        }
        return record_change(
            params, {name: value for name, value in wanted.items() if value not in (None, "")}, context
        )

    def sentence(self, params: Mapping[str, Any], scope: RuleScope) -> Localized:
        parts = [
            localized(
                gettext_noop("%(field)s to %(value)s"),
                field=_label(name, scope),
                value=_value_words(logic, scope),
            )
            for name, logic in params["values"].items()
        ]
        joined = Localized(", ".join(each.en for each in parts), "、".join(each.zh for each in parts))
        return localized(gettext_noop("set %(fields)s"), fields=joined)


def _label(name: str, scope: RuleScope) -> Localized:
    field = scope.about.by_name.get(name)
    return Localized(field.label.en.lower(), field.label.zh) if field is not None else Localized(name, name)


def _value_words(logic: Any, scope: RuleScope) -> Localized:
    if is_input(logic):
        return localized(gettext_noop("the entered %(name)s"), name=str(logic["input"]))
    return condition_words(logic, scope.about)


ACTION = UpdateFieldsAction()
