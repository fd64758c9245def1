"""What the recorded events say of a draft: never or always true, too many messages, people told twice.

Only events whose verdict the reader may know are counted, or a check would tell a hidden value.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from kernel import clock
from kernel.errors import BatonError
from kernel.generation import generations_held
from permissions.models import User
from workflows.catalog import ACTIONS
from workflows.conditions import Verdict
from workflows.definition import Problem, definition_read
from workflows.engine.recorded import Eyes, events_recorded, occurrences
from workflows.engine.rehearsal import Occurrence, Rehearsal, compile_definition
from workflows.models import Rule
from workflows.services.checking import errors_of, rule_check
from workflows.services.checks_network import MOST_RULES, loop_problems, opposite_problems, rules_beside

DAYS = 30
MOST_EVENTS = 500
FEWEST_EVENTS = 20
MOST_A_DAY = 200


def rule_review(reader: User, rule: Rule, raw: Mapping[str, Any]) -> list[Problem]:
    """Everything that speaks against publishing, and what the recorded events and the other rules say of it."""
    owner = rule.owner if isinstance(rule.owner, User) else None
    problems = rule_check(rule.connection, raw, owner)
    if errors_of(problems):
        return problems
    definition, beside = definition_read(raw), rules_beside(rule)
    with generations_held():
        return problems + loop_problems(rule, definition, beside) + _history(reader, rule, raw, beside)


def _history(reader: User, rule: Rule, raw: Mapping[str, Any], beside: list[Rule]) -> list[Problem]:
    rehearsal = Rehearsal(rule, compile_definition(rule, raw))
    others = _others(rehearsal, beside)
    definitions = [each.compiled.definition for each in (rehearsal, *others)]
    about = rehearsal.compiled.about
    eyes = Eyes(reader, about, rule.connection_id, *definitions)
    since = clock.now() - dt.timedelta(days=DAYS)
    newest = events_recorded(rule.connection_id, about.name, since).order_by("-pk")[:MOST_EVENTS]
    found = [each for each in occurrences(newest) if eyes.may_know(each)]
    told = _Told(rehearsal, others)
    for each in found:
        told.one(each)
    opposite = opposite_problems(rule, raw, beside, told.together)
    return [*_truth(told), *_forecast(told, found), *told.twice_problems(), *opposite]


def _others(rehearsal: Rehearsal, beside: list[Rule]) -> list[Rehearsal]:
    """Rules that hear of the same events."""
    found = []
    for each in beside[:MOST_RULES]:
        try:
            assert each.current is not None
            compiled = compile_definition(each, each.current.definition)
        except BatonError:
            continue
        if compiled.about is rehearsal.compiled.about:
            found.append(Rehearsal(each, compiled))
    return found


class _Told:
    """Whom the draft and the other rules would have told of each event."""

    def __init__(self, rehearsal: Rehearsal, others: list[Rehearsal]) -> None:
        self.rehearsal, self.others = rehearsal, others
        self.verdicts: Counter[Verdict] = Counter()
        self.messages = 0
        self.twice: Counter[tuple[int, str]] = Counter()
        self.together: Counter[int] = Counter()
        """By rule how often its condition and the draft's were true of the same event."""

    def one(self, found: Occurrence) -> None:
        data = self.rehearsal.prepare(found)
        judged = self.rehearsal.judge(found, data)
        if judged is not None:
            self.verdicts[judged.verdict] += 1
        mine = self._people(self.rehearsal, found) if judged is not None and judged.decided.fires else []
        self.messages += len(mine)
        for other in self.others:
            theirs = other.judge(found, data)
            if judged is not None and theirs is not None:
                self.together[other.rule.pk] += judged.verdict is theirs.verdict is Verdict.TRUE
            if theirs is not None and theirs.decided.fires and mine:
                for name in sorted(set(mine) & set(self._people(other, found))):
                    self.twice[other.rule.pk, name] += 1

    @staticmethod
    def _people(rehearsal: Rehearsal, found: Occurrence) -> list[str]:
        record = rehearsal.record(found)
        if not rehearsal.owner_sees(record):
            return []
        people = [
            target.user.display_name
            for each in rehearsal.steps(found)
            if ACTIONS.get(each.spec.action).asks
            for target in rehearsal.audience(found, record, each.spec).targets
        ]
        if people:
            rehearsal.delivered(found)
        return people

    def twice_problems(self) -> list[Problem]:
        names = {each.rule.pk: str(each.rule) for each in self.others}
        return [
            Problem(
                "/steps/0/params/recipients",
                "told_twice",
                _(
                    "“%(rule)s” would have told %(person)s of the same event too (%(count)s times in the recorded events)."
                )
                % {"rule": names[pk], "person": person, "count": count},
                severity="warning",
            )
            for (pk, person), count in self.twice.most_common(3)
        ]


def _truth(told: _Told) -> list[Problem]:
    count = sum(told.verdicts.values())
    if count < FEWEST_EVENTS or told.rehearsal.compiled.definition.condition is True:
        return []
    true, unknown = told.verdicts[Verdict.TRUE], told.verdicts[Verdict.UNKNOWN]
    if not true:
        words = _(
            "Of the last %(count)s recorded events the condition was true for none (%(unknown)s could not be decided)."
        )
        code = "never_true"
    elif true == count:
        words, code = (
            _("The condition was true for every one of the last %(count)s recorded events."),
            "always_true",
        )
    else:
        return []
    return [Problem("/condition", code, words % {"count": count, "unknown": unknown}, severity="warning")]


def _forecast(told: _Told, found: list[Occurrence]) -> list[Problem]:
    """Messages a day, taken from the days the events span; a day at least."""
    if not found:
        return []
    days = max((found[-1].at - found[0].at).total_seconds() / 86_400, 1.0)
    forecast = round(told.messages / days)
    if forecast <= MOST_A_DAY:
        return []
    words = _("It would send about %(count)s messages a day, more than %(most)s.")
    return [
        Problem("/firing", "too_many", words % {"count": forecast, "most": MOST_A_DAY}, severity="warning")
    ]
