"""Why a rule did not tell: the reason in words, what would have made it fire, and nothing the asker may not see."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.models import Event
from kernel.errors import NotFound, PermissionDenied
from messaging.models import Interaction
from permissions.models import Grant, User
from permissions.objects import object_share
from tests.figures import figure_in
from tests.workflows.engine.source import BELOW, LONG_AGO, Source
from workflows.models import Rule
from workflows.selectors.needed import Needed
from workflows.services.rules import rule_switch_off
from workflows.services.why import Why, why_asked

pytestmark = pytest.mark.database


def _ask(source: Source, rule: Rule, **asked: Any) -> Why:
    asked = asked or {"event": Event.objects.latest("pk").pk}
    return why_asked(source.person, rule, **asked)


def _texts(need: Needed | None) -> Any:
    assert need is not None
    return need.text if need.kind == "one" else (need.kind, [_texts(each) for each in need.parts])


def test_a_condition_that_was_not_true_says_by_how_much(source: Source) -> None:
    rule = source.rule()
    source.tell(150)
    why = _ask(source, rule)
    assert (why.told, why.reasons) == (False, ["The condition was not true."])
    assert _texts(why.needed) == ("on hand is 150; it would have to be less than 100. (They are 50 apart.)")
    assert why.condition is not None and why.condition.verdict == "false"


def test_each_part_that_failed_says_its_nearest_change(source: Source) -> None:
    east = {"==": [{"var": "record.warehouse"}, "WEST"]}
    few = {"<": [{"var": "record.on_hand"}, 10]}
    none = {"!": {"==": [{"var": "record.product_code"}, "A"]}}
    rule = source.rule({"and": [east, {"or": [few, none]}, BELOW]})
    source.tell(50)
    assert _texts(_ask(source, rule).needed) == (
        "all",
        [
            "warehouse is EAST; it would have to be WEST.",
            (
                "any",
                [
                    "on hand is 50; it would have to be less than 10. (They are 40 apart.)",
                    "item is A; it would have to be something else.",
                ],
            ),
        ],
    )


def test_a_missing_value_is_named(source: Source) -> None:
    rule = source.rule()
    source.tell(50, level=None)
    why = _ask(source, rule)
    assert why.reasons == ["A value was missing, so it was not known whether the condition was true."]
    assert _texts(why.needed) == "reorder level would have to be filled in."


def test_what_was_held_back_says_why_and_when_it_fires_again(source: Source) -> None:
    rule = source.rule()
    source.tell(150, 80, 70)
    why = _ask(source, rule)
    assert why.reasons == [
        "The condition was true.",
        "It has fired for this record and waits until the condition is false again.",
        "It fires the next time the condition becomes true after having been false.",
    ]
    assert why.needed is None


def test_who_was_told_and_who_was_not(source: Source) -> None:
    rule = source.rule()
    other = User.objects.create_user("zhao", password="x")
    source.tell(150, 80)
    source.work()
    event = Event.objects.latest("pk").pk
    told = _ask(source, rule, event=event, username="li")
    assert told.told and told.reasons[:2] == [
        "The condition was true, and the rule fired.",
        "li through inbox: Delivered.",
    ]
    missed = _ask(source, rule, event=event, username=other.username)
    assert (missed.told, missed.reasons[1]) == (False, "zhao was not among those it tells.")


def test_the_newest_event_of_a_record_is_found_by_its_key(source: Source) -> None:
    rule = source.rule()
    source.tell(150)
    source.tell(160)
    assert _ask(source, rule, key="A@EAST").event == Event.objects.latest("pk")


def test_a_rule_that_was_stopped_or_published_later_says_so(source: Source) -> None:
    source.tell(150)
    rule = source.rule()
    assert _ask(source, rule).reasons == ["The rule was not published yet when this happened."]
    object_share(None, source.person, rule, "view", "publish")
    rule_switch_off(source.person, rule)
    source.tell(80)
    assert _ask(source, rule).reasons == ["The rule was stopped when this happened."]


def test_other_kinds_of_change_say_so(source: Source) -> None:
    rule = source.rule(changes=["created"])
    source.tell(150, 80)
    assert _ask(source, rule).reasons == ["This kind of change does not start the rule."]


def _stranger(source: Source, **rights: Any) -> User:
    person = User.objects.create_user("stranger", password="x", language="en")
    if rights:
        Grant.objects.create(
            user=person, objects_covered=["*"], verbs=["see"], scopes={"warehouse": ["*"]},
            valid_from=LONG_AGO, **rights,
        )  # fmt: skip
    object_share(None, person, source.connection, "view", "use")
    return person


def test_what_may_not_be_seen_is_answered_like_what_is_not_there(source: Source) -> None:
    rule = source.rule()
    source.tell(150)
    event, stranger = Event.objects.latest("pk"), _stranger(source)
    said = []
    for asked in ({"event": event.pk}, {"event": event.pk + 1_000}, {"key": "A@EAST"}, {"key": "none"}):
        with pytest.raises(NotFound) as refused:
            why_asked(stranger, rule, **asked)
        said.append(refused.value.message)
    assert set(said) == {"There is no such event or record, or you may not see it."}


def test_a_rule_that_decides_by_a_hidden_field_keeps_its_verdict(source: Source) -> None:
    dear = {"and": [BELOW, {">": [{"var": "record.unit_price"}, 9871]}]}
    rule = source.rule(dear)
    source.tell(150, 80, price="9872")
    why = why_asked(_stranger(source, field_classes=["general"]), rule, key="A@EAST")
    assert why.reasons == [
        "The rule decides by a field you may not see, so you are not told what it decides."
    ]
    assert (why.condition, why.needed, why.run) == (None, None, None)
    assert not figure_in("9872", repr(why.reasons)) and not figure_in("9871", repr(why.reasons))


def test_only_who_may_build_asks_for_others(source: Source) -> None:
    rule = source.rule()
    source.tell(150, 80)
    reader = User.objects.create_user("reader", password="x")
    Grant.objects.create(
        user=reader, objects_covered=["*"], verbs=["see"], scopes={"warehouse": ["*"]},
        field_classes=["*"], valid_from=LONG_AGO,
    )  # fmt: skip
    object_share(None, reader, source.connection, "view")
    with pytest.raises(PermissionDenied):
        why_asked(reader, rule, key="A@EAST", username="li")
    assert why_asked(reader, rule, key="A@EAST", username="reader").reasons[1] == (
        "reader was not among those it tells."
    )
    assert Interaction.objects.count() == 1  # asking opened nothing
