"""Action: make a document in the ERP, exactly once, and read it back.

    {"write": "create_purchase_order", "object": "purchase_order",
     "values": {"product_code": {"var": "record.product_code"}, "quantity": {"input": "quantity"}},
     "material": ["product_code", "supplier_code", "unit_price"], "precondition": {…},
     "done": {"en": "{number} created by {person} at {at}", "zh-hans": "…"}}

Before the write the record is read from the ERP itself: if a material value is no longer what the person saw, or the
precondition no longer holds, nothing is written and the card says what changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from connectors.ports.erp import WriteOutcome, WriteResult
from kernel.errors import Rejected
from kernel.text import Localized, localized
from workflows.actions.question import logic_problems, precondition_failed, preconditions_check
from workflows.actions.shapes import CREATE_DOCUMENT
from workflows.actions.written import filled, is_input, mismatch, moved, refused, value_text, values_unequal
from workflows.blocks import ActionBase, Done, Refused, RuleScope, StepContext, StepResult, Wait
from workflows.conditions import FieldSpec, FieldType
from workflows.definition import Problem
from workflows.phrases import Phrase, Wording
from workflows.slots import Object

PENDING_SECONDS = 2.0
DONE_TEXT = {"en": "{number} created by {person} at {at}", "zh-hans": "{person} 于 {at} 创建了 {number}"}


class CreateDocumentAction(ActionBase):
    key = "create_document"
    wording = Wording((Phrase(gettext_noop("create a %(object)s"), object=Object("object")),))
    label = Localized("Create a document", "创建单据")
    params = CREATE_DOCUMENT
    writes = True
    first = False

    def unavailable(self, scope: RuleScope) -> Localized | None:
        if scope.manifest.writes:
            return None
        return localized(
            gettext_noop("%(connector)s takes no documents from outside."), connector=scope.manifest.label
        )

    def check(self, params: Mapping[str, Any], scope: RuleScope, pointer: str) -> list[Problem]:
        write = scope.manifest.write(str(params.get("write")))
        if write is None:
            return [
                Problem(
                    f"{pointer}/write",
                    "unsupported",
                    _("%(connector)s cannot do “%(write)s”.")
                    % {"connector": str(scope.manifest.label), "write": params.get("write")},
                )
            ]
        problems = preconditions_check(params, scope, pointer)
        values = params.get("values", {})
        for name in write.required:
            if name not in values:
                problems.append(
                    Problem(
                        f"{pointer}/values/{name}",
                        "required",
                        _("“%(name)s” needs a value.") % {"name": name},
                    )
                )
        for name, logic in values.items():
            if not is_input(logic):
                problems += logic_problems(logic, scope, f"{pointer}/values/{name}", is_condition=False)
        return problems

    def gives(self, params: Mapping[str, Any]) -> Mapping[str, FieldSpec]:
        return {"number": FieldSpec("number", FieldType.TEXT)}

    def execute(self, params: Mapping[str, Any], context: StepContext) -> StepResult:
        try:
            earlier = context.earlier()
        except Rejected as error:
            return refused(error)
        if earlier is not None and earlier.result is not None:
            return self._taken(params, context, earlier.values, earlier.result)
        fresh = context.read_fresh()
        if fresh is None:
            return Refused(localized(gettext_noop("The record is gone from the ERP; nothing was created.")))
        differences = context.differences(params.get("material", ()), fresh)
        if differences:
            return moved(
                differences, gettext_noop("Nothing was created, because this changed meanwhile: %(changes)s")
            )
        failed = precondition_failed(params, context, fresh)
        if failed is not None:
            return Refused(failed)
        values = {name: value_text(logic, context, fresh) for name, logic in params.get("values", {}).items()}
        values = {name: value for name, value in values.items() if value not in (None, "")}
        try:
            result = context.write(str(params["write"]), str(params["object"]), values)
        except Rejected as error:
            return refused(error)
        return self._taken(params, context, values, result)

    def _taken(
        self, params: Mapping[str, Any], context: StepContext, values: Mapping[str, Any], result: WriteResult
    ) -> StepResult:
        if result.outcome is WriteOutcome.PENDING:
            return Wait(
                PENDING_SECONDS,
                localized(gettext_noop("The ERP has the order and has not decided yet. Please wait.")),
            )
        return self._finished(params, context, values, result)

    def _finished(
        self, params: Mapping[str, Any], context: StepContext, values: Mapping[str, Any], result: WriteResult
    ) -> Done:
        read = context.read_back(str(params["object"]), result.record)
        unequal = values_unequal(values, read)
        output = {
            "number": result.number,
            "key": result.key,
            "written": dict(values),
            "read_back": dict(read),
            "mismatch": unequal,
        }
        if unequal:
            classes = {name: context.field_class(str(params["object"]), name) for name in unequal}
            words = gettext_noop(
                "%(number)s was created, but the ERP holds other values than approved: %(words)s"
            )
            return mismatch(output, unequal, classes, words, number=result.number)
        done = Localized.from_json(params.get("done") or DONE_TEXT)
        said = filled(done, {"number": result.number, "person": context.person_name})
        return Done(output, said, results={"number": result.number})

    def sentence(self, params: Mapping[str, Any], scope: RuleScope) -> Localized:
        return self.wording.say(params, scope)


ACTION = CreateDocumentAction()
