"""Action: change the state of the record in the ERP, exactly once, and only from a state that allows it.

    {"field": "status", "from": ["new"], "to": "confirmed", "material": ["amount"], "done": {…}}

Without `from` any other state will do. A record that is in the state already is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from connectors.dictionary.types import DictionaryField, FieldType
from kernel.text import Localized, localized
from workflows.actions.changing import cannot_change, field_problems, record_change
from workflows.actions.question import preconditions_check
from workflows.actions.shapes import MATERIAL, PRECONDITION
from workflows.blocks import ActionBase, Refused, RuleScope, StepContext, StepResult
from workflows.definition import Problem
from workflows.shapes import shape, shape_list, shape_object, shape_words


class ChangeStateAction(ActionBase):
    key = "change_state"
    label = Localized("Change the state", "变更状态")
    params = shape_object(
        ("field", "to"),
        field=shape("string", Localized("State", "状态字段"), editor="state_field"),
        to=shape("string", Localized("Becomes", "变为"), editor="state"),
        **{"from": shape_list(Localized("Only from", "仅当现为"), {"type": "string"}, editor="states")},
        material=MATERIAL,
        precondition=PRECONDITION,
        done=shape_words(Localized("Says when done", "完成后显示")),
    )
    writes = True

    def unavailable(self, scope: RuleScope) -> Localized | None:
        reason = cannot_change(scope)
        if reason is None and not state_fields(scope):
            text = gettext_noop("%(object)s has no state that may be changed through this connection.")
            return localized(text, object=scope.about.label)
        return reason

    def check(self, params: Mapping[str, Any], scope: RuleScope, pointer: str) -> list[Problem]:
        name = str(params.get("field") or "")
        field = scope.about.by_name.get(name)
        if field is None or not field.codes:
            return [Problem(f"{pointer}/field", "no_state", _("Choose the state that is changed."))]
        problems = field_problems(scope, name, f"{pointer}/field") + preconditions_check(
            params, scope, pointer
        )
        known = {code for code, _words in field.codes}
        sources = params.get("from", [])
        places = [("to", params.get("to")), *((f"from/{at}", code) for at, code in enumerate(sources))]
        for place, code in places:
            if code not in known:
                words = _("“%(code)s” is no state of %(field)s.") % {
                    "code": code or "",
                    "field": str(field.label),
                }
                problems.append(Problem(f"{pointer}/{place}", "unknown_state", words))
        if params.get("to") in sources:
            words = _("It cannot come from the state it goes to.")
            problems.append(Problem(f"{pointer}/from", "same_state", words))
        return problems

    def execute(self, params: Mapping[str, Any], context: StepContext) -> StepResult:
        name, wanted = str(params["field"]), str(params["to"])
        sources = params.get("from", [])
        present = context.record.get(name)
        if sources and present != wanted and present not in sources and context.earlier() is None:
            field = context.about.by_name[name]
            text = gettext_noop(
                "It is “%(state)s” now, so it cannot become “%(wanted)s”. Nothing was changed."
            )
            return Refused(
                localized(text, state=code_label(field, present), wanted=code_label(field, wanted)),
                {"refused": f"{present} → {wanted}"},
            )
        return record_change(params, {name: wanted}, context)

    def sentence(self, params: Mapping[str, Any], scope: RuleScope) -> Localized:
        field = scope.about.by_name[str(params["field"])]
        values = {
            "field": Localized(field.label.en.lower(), field.label.zh),
            "state": code_label(field, params["to"]),
        }
        sources = [code_label(field, each) for each in params.get("from", [])]
        if not sources:
            return localized(gettext_noop("change %(field)s to “%(state)s”"), **values)
        names = Localized(
            " / ".join(f"“{each.en}”" for each in sources), " / ".join(f"“{each.zh}”" for each in sources)
        )
        return localized(
            gettext_noop("change %(field)s from %(from)s to “%(state)s”"), **values, **{"from": names}
        )


def state_fields(scope: RuleScope) -> list[DictionaryField]:
    """Fields of codes that may be changed."""
    return [
        each
        for each in scope.about.fields
        if each.type is FieldType.CODE and each.codes and each.name in scope.writable
    ]


def code_label(field: DictionaryField, code: Any) -> Localized:
    return next((label for known, label in field.codes if known == code), Localized(str(code), str(code)))


ACTION = ChangeStateAction()
