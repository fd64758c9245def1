"""Action: make a document in the ERP, exactly once, and read it back.

    {"write": "create_purchase_order", "object": "purchase_order",
     "values": {"product_code": {"var": "record.product_code"}, "quantity": {"input": "quantity"}},
     "material": ["product_code", "supplier_code", "unit_price"], "precondition": {…},
     "done": {"en": "{number} created by {person} at {at}", "zh-hans": "…"}}

Before the write the record is read from the ERP itself: if a material value is no longer what the person saw, or the
precondition no longer holds, nothing is written and the card says what changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from connectors.dictionary.types import DictionaryObject, FieldClass
from connectors.mapping import decimal_read
from connectors.ports.erp import WriteOutcome, WriteResult
from connectors.ports.manifest import Manifest
from kernel.errors import Rejected
from kernel.text import Localized, localized
from workflows.actions.question import logic_problems, plain, precondition_failed, preconditions_check
from workflows.actions.shapes import CREATE_DOCUMENT
from workflows.blocks import ActionBase, Change, Done, Refused, RuleScope, StepContext, StepResult, Wait
from workflows.conditions import FieldSpec, FieldType
from workflows.definition import Problem

PENDING_SECONDS = 2.0
DONE_TEXT = {"en": "{number} created by {person} at {at}", "zh-hans": "{person} 于 {at} 创建了 {number}"}


class CreateDocumentAction(ActionBase):
    key = "create_document"
    label = Localized("Create a document", "创建单据")
    params = CREATE_DOCUMENT
    writes = True
    first = False

    def unavailable(self, manifest: Manifest) -> Localized | None:
        if manifest.writes:
            return None
        return localized(
            gettext_noop("%(connector)s takes no documents from outside."), connector=manifest.label
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
            if not _is_input(logic):
                problems += logic_problems(logic, scope, f"{pointer}/values/{name}", is_condition=False)
        return problems

    def gives(self, params: Mapping[str, Any]) -> Mapping[str, FieldSpec]:
        return {"number": FieldSpec("number", FieldType.TEXT)}

    def execute(self, params: Mapping[str, Any], context: StepContext) -> StepResult:
        try:
            earlier = context.earlier()
        except Rejected as error:
            return self._refused(error)
        if earlier is not None and earlier.result is not None:
            return self._taken(params, context, earlier.values, earlier.result)
        fresh = context.read_fresh()
        if fresh is None:
            return Refused(localized(gettext_noop("The record is gone from the ERP; nothing was created.")))
        differences = context.differences(params.get("material", ()), fresh)
        if differences:
            return _changed(differences)
        failed = precondition_failed(params, context, fresh)
        if failed is not None:
            return Refused(failed)
        values = {
            name: context.inputs.get(logic["input"])
            if _is_input(logic)
            else plain(context.evaluate(logic, fresh))
            for name, logic in params.get("values", {}).items()
        }
        values = {name: value for name, value in values.items() if value not in (None, "")}
        try:
            result = context.write(str(params["write"]), str(params["object"]), values)
        except Rejected as error:
            return self._refused(error)
        return self._taken(params, context, values, result)

    @staticmethod
    def _refused(error: Rejected) -> Refused:
        return Refused(
            localized(gettext_noop("The ERP refused: %(reason)s"), reason=error.message),
            {"refused": error.message},
        )

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
        unequal = {
            name: {"wanted": str(value), "found": str(read[name])}
            for name, value in sorted(values.items())
            if name in read and not _equal(value, read[name])
        }
        output = {
            "number": result.number,
            "key": result.key,
            "written": dict(values),
            "read_back": dict(read),
            "mismatch": unequal,
        }
        if unequal:
            classes = {name: context.field_class(str(params["object"]), name) for name in unequal}
            return _mismatch(output, unequal, classes)
        done = Localized.from_json(params.get("done") or DONE_TEXT)
        filled = {"number": result.number, "person": context.person_name, "at": "{at}"}
        words = Localized(_fill(done.en, filled), _fill(done.zh, filled))
        return Done(output, words, results={"number": result.number})

    def sentence(self, params: Mapping[str, Any], scope: RuleScope) -> Localized:
        about: DictionaryObject | None = scope.objects.get(str(params.get("object")))
        label = about.label if about else Localized.from_json(str(params.get("object")))
        return localized(gettext_noop("create a %(object)s"), object=Localized(label.en.lower(), label.zh))


def _changed(differences: Sequence[Change]) -> Refused:
    def told(words: Sequence[Localized]) -> Localized:
        return localized(
            gettext_noop("Nothing was created, because this changed meanwhile: %(changes)s"),
            changes=_joined(words),
        )

    return Refused(
        told([each.words for each in differences]),
        {"changed": [each.words.en for each in differences]},
        masked=told([each.masked if _is_sensitive(each.field_class) else each.words for each in differences]),
        classes=frozenset(each.field_class.value for each in differences if _is_sensitive(each.field_class)),
    )


def _mismatch(
    output: Mapping[str, Any], unequal: Mapping[str, Mapping[str, str]], classes: Mapping[str, FieldClass]
) -> Done:
    def told(words: Sequence[str]) -> Localized:
        return localized(
            gettext_noop("%(number)s was created, but the ERP holds other values than approved: %(words)s"),
            number=output["number"],
            words="; ".join(words),
        )

    full = {name: f"{name} {each['wanted']} ≠ {each['found']}" for name, each in unequal.items()}
    return Done(
        output,
        told(list(full.values())),
        is_mismatch=True,
        masked=told([name if _is_sensitive(classes[name]) else words for name, words in full.items()]),
        classes=frozenset(each.value for each in classes.values() if _is_sensitive(each)),
    )


def _is_sensitive(field_class: FieldClass) -> bool:
    return field_class is not FieldClass.GENERAL


def _joined(words: Sequence[Localized]) -> Localized:
    return Localized("; ".join(each.en for each in words), "；".join(each.zh for each in words))


def _fill(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text


def _is_input(logic: Any) -> bool:
    return isinstance(logic, Mapping) and set(logic) == {"input"}


def _equal(wanted: Any, found: Any) -> bool:
    """Numbers by value, everything else as text."""
    try:
        return decimal_read(wanted) == decimal_read(found)
    except ValueError:
        return str(wanted) == str(found)


ACTION = CreateDocumentAction()
