"""Trigger: at set times every record is looked at; each one for which the condition is true starts the rule."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from connectors.dictionary.types import DictionaryObject
from kernel.text import Localized, localized
from workflows.blocks import Trigger
from workflows.definition import SCHEDULED, FiringPolicy, Problem, TriggerSpec
from workflows.shapes import shape_object
from workflows.timetable import timetable_problems, timetable_shapes, timetable_words


class ScheduleRecordsTrigger(Trigger):
    """`{"type": "schedule_records", "object": "receivable", "every": "working_day", "times": ["08:00"]}`"""

    key = "schedule_records"
    label = Localized("At set times, for every record", "定时检查每条记录")
    params = shape_object(("times",), **timetable_shapes())
    policies = (FiringPolicy.EACH_TIME, FiringPolicy.BECOMES_TRUE)
    made = SCHEDULED
    timed = True
    walks = True

    def check(self, spec: TriggerSpec) -> list[Problem]:
        return timetable_problems(spec.params, "/trigger")

    def sentence(self, spec: TriggerSpec, about: DictionaryObject, connection_name: str) -> Localized:
        return localized(
            gettext_noop("When a %(object)s in %(connection)s is looked at, %(times)s,"),
            object=Localized(about.label.en.lower(), about.label.zh),
            connection=connection_name,
            times=timetable_words(spec.params),
        )


TRIGGER = ScheduleRecordsTrigger()
