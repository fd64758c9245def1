"""Action: start another rule for the same record.

    {"rule": "order-large"}

The other rule must be in force for the same kind of records of the same connection. Its condition is asked of the record as it is;
whether it would have fired by its own policy does not matter. It runs by itself: this rule does not wait for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel.text import Localized, localized
from workflows.blocks import ActionBase, Done, RuleScope, StepContext, StepResult
from workflows.conditions import FieldSpec, FieldType
from workflows.definition import Problem
from workflows.shapes import shape, shape_object


class StartRuleAction(ActionBase):
    key = "start_rule"
    label = Localized("Start another rule", "启动另一条规则")
    params = shape_object(("rule",), rule=shape("string", Localized("Rule", "规则"), editor="rule"))

    def unavailable(self, scope: RuleScope) -> Localized | None:
        if scope.rules:
            return None
        text = gettext_noop("No other rule is in force for %(object)s on this connection.")
        return localized(text, object=scope.about.plural)

    def check(self, params: Mapping[str, Any], scope: RuleScope, pointer: str) -> list[Problem]:
        if str(params.get("rule")) in scope.rules:
            return []
        words = _("Choose a rule that is in force for these records and that the owner may see.")
        return [Problem(f"{pointer}/rule", "unknown_rule", words)]

    def gives(self, params: Mapping[str, Any]) -> Mapping[str, FieldSpec]:
        return {"started": FieldSpec("started", FieldType.BOOLEAN)}

    def execute(self, params: Mapping[str, Any], context: StepContext) -> StepResult:
        run, note = context.start(str(params["rule"]))
        return Done({"run": run}, note=note, results={"started": run is not None})

    def sentence(self, params: Mapping[str, Any], scope: RuleScope) -> Localized:
        return localized(gettext_noop("start the rule “%(rule)s”"), rule=params["rule"])


ACTION = StartRuleAction()
