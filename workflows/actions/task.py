"""Action: a task for people. Whoever of them has done it, or cannot do it, says so in the inbox; then the rule goes on.

    {"recipients": [{"type": "record_person", "field": "buyer"}], "channels": ["inbox"], "title": {"en": "…", "zh-hans": "…"},
     "fields": [{"name": "on_hand"}], "due_seconds": 172800, "remind_seconds": 86400}

It is due `due_seconds` after it is given; `remind_seconds` before that, and when it is overdue, the card says so to everybody
again. It stays open until it is answered. `result.task_done` is whether it was done, `result.task_comment` why not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import clock
from kernel.text import LANGUAGES, Localized, duration_words, localized
from messaging.formatting import moment_format
from workflows.actions.question import card_build, card_check, people_words
from workflows.actions.shapes import CARD
from workflows.blocks import ActionBase, Ask, Remind, RuleScope, StepContext, StepResult
from workflows.conditions import FieldSpec, FieldType
from workflows.definition import Problem
from workflows.shapes import shape, shape_object

DONE, NOT_DONE, COMMENT = "done", "not_done", "comment"
MOST_SECONDS = 366 * 86_400
BUTTONS = [
    {"key": DONE, "label": Localized("Done", "已完成").as_json(), "style": "primary", "then": []},
    {
        "key": NOT_DONE,
        "label": Localized("Not done", "未完成").as_json(),
        "style": "secondary",
        "inputs": [{"name": COMMENT, "label": Localized("Why", "原因").as_json(), "type": "text"}],
        "then": [],
    },
]


class TaskAction(ActionBase):
    key = "task"
    label = Localized("A task for a person", "人工任务")
    params = shape_object(
        ("recipients", "title", "due_seconds"),
        **CARD,
        due_seconds=shape("number", Localized("Due within", "完成期限"), editor="duration", minimum=60),
        remind_seconds=shape(
            "number", Localized("Reminds before it is due", "到期前提醒"), editor="duration", minimum=0
        ),
    )
    asks = True
    is_question = True
    goes_on = True
    follows = False

    def question(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**params, "buttons": BUTTONS}

    def card(self, params: Mapping[str, Any], context: StepContext) -> dict[str, Any]:
        built = card_build(self.question(params), context)
        due = context.kept.get("due")
        if due is None:
            return built
        zone = timezone.get_default_timezone_name()
        at = Localized(*(moment_format(str(due), each, zone) for each in LANGUAGES))
        line = localized(gettext_noop("Due: %(at)s"), at=at)
        body = Localized.from_json(built.get("body") or "")
        return {
            **built,
            "body": Localized(f"{body.en}\n\n{line.en}".strip(), f"{body.zh}\n\n{line.zh}".strip()).as_json(),
        }

    def check(self, params: Mapping[str, Any], scope: RuleScope, pointer: str) -> list[Problem]:
        problems = card_check(params, scope, pointer)
        due, remind = params.get("due_seconds"), params.get("remind_seconds") or 0
        if isinstance(due, bool) or not isinstance(due, int | float) or not 60 <= due <= MOST_SECONDS:
            words = _("A task is due within 1 minute to 366 days.")
            problems.append(Problem(f"{pointer}/due_seconds", "range", words))
        elif isinstance(remind, bool) or not isinstance(remind, int | float) or not 0 <= remind < due:
            words = _("The reminder comes after the task is given and before it is due.")
            problems.append(Problem(f"{pointer}/remind_seconds", "range", words))
        return problems

    def gives(self, params: Mapping[str, Any]) -> Mapping[str, FieldSpec]:
        return {
            "task_done": FieldSpec("task_done", FieldType.BOOLEAN),
            "task_comment": FieldSpec("task_comment", FieldType.TEXT),
        }

    def results(self, button: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"task_done": button == DONE, "task_comment": str(inputs.get(COMMENT, ""))}

    def execute(self, params: Mapping[str, Any], context: StepContext) -> StepResult:
        now = clock.now()
        if context.kept.get("due"):
            due = dt.datetime.fromisoformat(context.kept["due"])
            if now < due:
                return Remind(localized(gettext_noop("This is due at {at}.")), due, wake_at=due)
            return Remind(localized(gettext_noop("This is overdue since {at}.")), due)
        due = now + dt.timedelta(seconds=float(params["due_seconds"]))
        kept = {"due": due.isoformat()}
        before = dt.timedelta(seconds=float(params.get("remind_seconds") or 0))
        return Ask(
            card=self.card(params, context.keeping(kept)),
            shown=dict(context.record),
            recipients=params.get("recipients", ()),
            fallback=params.get("fallback", ()),
            channels=params.get("channels", ()),
            priority=int(params.get("priority", 5)),
            keep=kept,
            wake_at=due - before,
        )

    def sentence(self, params: Mapping[str, Any], scope: RuleScope) -> Localized:
        return localized(
            gettext_noop("give %(people)s the task “%(title)s”, due within %(span)s"),
            people=people_words(params, scope),
            title=Localized.from_json(params.get("title", "")),
            span=duration_words(params["due_seconds"]),
        )


ACTION = TaskAction()
