"""Trigger: it is time. Nothing happened in the ERP; the rule is about the occasion itself."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from connectors.dictionary.own import OCCASION
from connectors.dictionary.types import DictionaryObject
from kernel.text import Localized, localized
from workflows.blocks import Trigger
from workflows.definition import SCHEDULED, FiringPolicy, Problem, TriggerSpec
from workflows.shapes import shape_object
from workflows.timetable import timetable_problems, timetable_shapes, timetable_words


class ScheduleTrigger(Trigger):
    """`{"type": "schedule", "object": "occasion", "every": "day", "times": ["08:00"], "time_zone": "Asia/Shanghai"}`"""

    key = "schedule"
    label = Localized("At set times", "定时")
    params = shape_object(("times",), **timetable_shapes())
    object = OCCASION.name
    policies = (FiringPolicy.EACH_TIME,)
    made = SCHEDULED
    timed = True

    def check(self, spec: TriggerSpec) -> list[Problem]:
        return timetable_problems(spec.params, "/trigger")

    def sentence(self, spec: TriggerSpec, about: DictionaryObject, connection_name: str) -> Localized:
        return localized(gettext_noop("When it is time, %(times)s"), times=timetable_words(spec.params))


TRIGGER = ScheduleTrigger()
