"""Trigger: a person starts the rule for one record."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from connectors.dictionary.types import DictionaryObject
from kernel.text import Localized, localized
from workflows.blocks import Trigger
from workflows.definition import BY_HAND, FiringPolicy, Problem, TriggerSpec
from workflows.shapes import shape_object

KNOWN = {"type", "object"}


class ByHandTrigger(Trigger):
    """`{"type": "by_hand", "object": "stock_level"}`"""

    key = "by_hand"
    label = Localized("By hand", "手动")
    params = shape_object()
    policies = (FiringPolicy.EACH_TIME,)
    made = BY_HAND

    def check(self, spec: TriggerSpec) -> list[Problem]:
        unknown = sorted(set(spec.params) - KNOWN)
        if not unknown:
            return []
        text = _("This trigger has no setting %(names)s.") % {"names": ", ".join(unknown)}
        return [Problem("/trigger", "unknown", text)]

    def sentence(self, spec: TriggerSpec, about: DictionaryObject, connection_name: str) -> Localized:
        return localized(
            gettext_noop("When somebody starts it for a %(object)s in %(connection)s"),
            object=Localized(about.label.en.lower(), about.label.zh),
            connection=connection_name,
        )


TRIGGER = ByHandTrigger()
