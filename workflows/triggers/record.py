"""Trigger: a record was created, changed, went, or an inbound event told of it."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from connectors.dictionary.types import DictionaryObject
from kernel.text import Localized
from workflows.blocks import Trigger
from workflows.definition import CHANGES, Problem, TriggerSpec
from workflows.phrases import Phrase, TriggerScope, Wording
from workflows.shapes import shape, shape_choice, shape_list, shape_object, shape_when
from workflows.slots import Choices, ConnectionName, Object

WORDS = {
    "created": Localized("created", "新建"),
    "changed": Localized("changed", "变更"),
    "gone": Localized("removed", "删除"),
    "event": Localized("reported", "上报"),
}
DEFAULT = ("created", "changed")
AT_PUBLISHING = {
    "nothing": Localized("do nothing", "不处理"),
    "fire": Localized("fire now", "立即触发"),
}
MOST = 100
MOST_ALLOWED = 10_000


class RecordTrigger(Trigger):
    """`{"type": "record", "object": "stock_level", "changes": ["created", "changed"]}`"""

    key = "record"
    wording = Wording(
        (
            Phrase(
                gettext_noop("When a %(object)s record in %(connection)s is %(changes)s"),
                object=Object("object"),
                connection=ConnectionName("connection"),
                changes=Choices("changes", WORDS, DEFAULT),
            ),
        )
    )
    label = Localized("A record changes", "记录变化")
    params = shape_object(
        changes=shape_list(
            Localized("Starts when it is", "触发于"),
            shape_choice(Localized("Change", "变化"), WORDS),
            minItems=1,
            default=list(DEFAULT),
        ),
        at_publishing=shape_choice(
            Localized(
                "Records for which it is already true when the rule is published", "发布时条件已成立的记录"
            ),
            AT_PUBLISHING,
            default="nothing",
        ),
        at_publishing_most=shape_when(
            shape(
                "integer",
                Localized("For at most so many records", "最多处理的记录数"),
                editor="already",
                minimum=1,
                maximum=MOST_ALLOWED,
                default=MOST,
            ),
            at_publishing=["fire"],
        ),
    )

    def check(self, spec: TriggerSpec) -> list[Problem]:
        problems = []
        if spec.params.get("at_publishing", "nothing") not in AT_PUBLISHING:
            words = _("Choose one of: %(known)s.") % {"known": ", ".join(AT_PUBLISHING)}
            problems.append(Problem("/trigger/at_publishing", "unknown", words))
        most = spec.params.get("at_publishing_most", MOST)
        if not isinstance(most, int) or isinstance(most, bool) or not 1 <= most <= MOST_ALLOWED:
            words = _("Choose a number from 1 to %(most)s.") % {"most": MOST_ALLOWED}
            problems.append(Problem("/trigger/at_publishing_most", "range", words))
        changes = spec.params.get("changes", DEFAULT)
        if not isinstance(changes, list | tuple) or not changes or not set(changes) <= set(CHANGES):
            words = _("Choose at least one of: %(known)s.") % {"known": ", ".join(CHANGES)}
            problems.append(Problem("/trigger/changes", "unknown", words))
        return problems

    def fires_at_publishing(self, spec: TriggerSpec) -> int | None:
        if spec.params.get("at_publishing", "nothing") != "fire":
            return None
        return int(spec.params.get("at_publishing_most", MOST))

    def takes(self, spec: TriggerSpec, change: str) -> bool:
        return change in spec.params.get("changes", DEFAULT)

    def sentence(self, spec: TriggerSpec, about: DictionaryObject, connection_name: str) -> Localized:
        scope = TriggerScope(about, {about.name: about})
        said = self.wording.say({**spec.params, "object": about.name, "connection": connection_name}, scope)
        if (most := self.fires_at_publishing(spec)) is None:
            return said
        return Localized(
            f"{said.en} (or is there when the rule is published, at most {most})",
            f"{said.zh}（或规则发布时已存在，最多 {most} 条）",
        )


TRIGGER = RecordTrigger()
