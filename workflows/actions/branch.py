"""Action: go one way or the other.

    {"condition": {">": [{"var": "record.total"}, 10000]}, "then": [{"action": …}], "otherwise": [{"action": …}]}

The condition reads the record as it is now, what was entered at the button (`answer.<input>`) and what earlier actions
gave (`result.<name>`). What cannot be decided goes the other way. After either way the rule goes on behind the branch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel.text import Localized, localized
from workflows.actions.question import logic_problems
from workflows.blocks import ActionBase, Done, RuleScope, StepContext, StepResult
from workflows.definition import Problem
from workflows.phrases import Phrase, Wording
from workflows.shapes import shape, shape_list, shape_object
from workflows.slots import Condition


class BranchAction(ActionBase):
    key = "branch"
    wording = Wording((Phrase(gettext_noop("if %(condition)s"), condition=Condition("condition")),))
    label = Localized("Branch", "分支")
    params = shape_object(
        ("condition",),
        condition=shape("", Localized("If", "如果"), editor="logic"),
        then=shape_list(Localized("Then", "则"), {"type": "object"}, editor="steps"),
        otherwise=shape_list(Localized("Otherwise", "否则"), {"type": "object"}, editor="steps"),
    )
    is_immediate = True

    def check(self, params: Mapping[str, Any], scope: RuleScope, pointer: str) -> list[Problem]:
        if params.get("condition") is None:
            return [Problem(f"{pointer}/condition", "missing", _("Say what the branch depends on."))]
        problems = logic_problems(params["condition"], scope, f"{pointer}/condition", is_condition=True)
        if not params.get("then") and not params.get("otherwise"):
            problems.append(Problem(f"{pointer}/then", "missing", _("Add at least one action.")))
        return problems

    def execute(self, params: Mapping[str, Any], context: StepContext) -> StepResult:
        is_true = context.is_true(params["condition"], context.record)
        way = "then" if is_true else "otherwise"
        words = (
            gettext_noop("The condition was true.")
            if is_true
            else gettext_noop("The condition was not true.")
        )
        return Done({"way": way}, into=way, note=localized(words))

    def sentence(self, params: Mapping[str, Any], scope: RuleScope) -> Localized:
        return self.wording.say(params, scope)


ACTION = BranchAction()
