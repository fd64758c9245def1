"""Trigger: a record was created, changed, went, or an inbound event told of it."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from connectors.dictionary.types import DictionaryObject
from kernel.text import Localized, localized
from workflows.blocks import Trigger
from workflows.definition import CHANGES, Problem, TriggerSpec
from workflows.shapes import shape_choice, shape_list, shape_object

WORDS = {
    "created": Localized("created", "新建"),
    "changed": Localized("changed", "变更"),
    "gone": Localized("removed", "删除"),
    "event": Localized("reported", "上报"),
}
DEFAULT = ("created", "changed")


class RecordTrigger(Trigger):
    """`{"type": "record", "object": "stock_level", "changes": ["created", "changed"]}`"""

    key = "record"
    label = Localized("A record changes", "记录变化")
    params = shape_object(
        changes=shape_list(
            Localized("Starts when it is", "触发于"),
            shape_choice(Localized("Change", "变化"), WORDS),
            minItems=1,
            default=list(DEFAULT),
        )
    )

    def check(self, spec: TriggerSpec) -> list[Problem]:
        changes = spec.params.get("changes", DEFAULT)
        if not isinstance(changes, list | tuple) or not changes or not set(changes) <= set(CHANGES):
            return [
                Problem(
                    "/trigger/changes",
                    "unknown",
                    _("Choose at least one of: %(known)s.") % {"known": ", ".join(CHANGES)},
                )
            ]
        return []

    def takes(self, spec: TriggerSpec, change: str) -> bool:
        return change in spec.params.get("changes", DEFAULT)

    def sentence(self, spec: TriggerSpec, about: DictionaryObject, connection_name: str) -> Localized:
        changes = spec.params.get("changes", DEFAULT)
        words = Localized(
            " or ".join(WORDS[each].en for each in changes), "或".join(WORDS[each].zh for each in changes)
        )
        return localized(
            gettext_noop("When a %(object)s record in %(connection)s is %(changes)s"),
            object=Localized(about.label.en.lower(), about.label.zh),
            connection=connection_name,
            changes=words,
        )


TRIGGER = RecordTrigger()
