"""A test message reaches whoever asked for it, is marked, does nothing, and shows no more than they may see."""

from __future__ import annotations

from typing import Any

import pytest

from kernel.errors import NotFound, PermissionDenied, RateLimited
from messaging.models import Delivery, Interaction, InteractionState
from messaging.selectors import inbox_cards, inbox_interactions
from messaging.services.answers import answer_submit
from permissions.models import Grant, User
from permissions.objects import object_share
from tests.workflows.engine.source import LONG_AGO, Source
from workflows.models import Run, Step
from workflows.services import testing
from workflows.services.testing import message_test

pytestmark = pytest.mark.database


def _rule(source: Source, **params: Any) -> tuple[Any, Any]:
    rule = source.rule(params={"recipients": [{"type": "rule_owner"}], **params})
    assert rule.current is not None
    return rule, rule.current.definition


def test_it_goes_to_oneself_marked_and_its_button_only_ends_it(source: Source) -> None:
    other = User.objects.create_user("zhao", password="x")
    source.tell(150)
    rule, raw = _rule(source, recipients=[{"type": "user", "username": other.username}])
    made = message_test(source.person, rule, raw, "/steps/0")
    assert list(Delivery.objects.values_list("user__username", "purpose")) == [("li", "test")]
    (card,) = inbox_cards(source.person, inbox_interactions(source.person))
    assert card.message.title == "[Test] Low: A"
    assert card.message.state_text == "A test, sent by yourself. Its buttons do nothing but answer the test."
    assert answer_submit(made.pk, source.person, "ok", {}, version=None, channel="im.inbox").taken
    made.refresh_from_db()
    assert made.state == InteractionState.DECIDED
    assert made.state_text["en"] == "Test: “OK” was chosen ({at}). Nothing was carried out."
    assert (Run.objects.count(), Step.objects.count()) == (0, 0)


def test_nobody_else_may_answer_it(source: Source) -> None:
    source.tell(150)
    rule, raw = _rule(source)
    other = User.objects.create_user("zhao", password="x")
    made = message_test(source.person, rule, raw, "/steps/0")
    assert not answer_submit(made.pk, other, "ok", {}, version=None, channel="im.inbox").taken
    made.refresh_from_db()
    assert made.state == InteractionState.OPEN


def test_what_the_asker_may_not_see_is_not_in_it(source: Source) -> None:
    source.tell(150, price="9871")
    rule, raw = _rule(source, title="Price {{ record.unit_price }}", fields=[{"name": "unit_price"}])
    asker = User.objects.create_user("asker", password="x", language="en")
    Grant.objects.create(
        user=asker, objects_covered=["*"], verbs=["see"], scopes={"warehouse": ["*"]},
        field_classes=["general"], valid_from=LONG_AGO,
    )  # fmt: skip
    object_share(None, asker, source.connection, "view", "use")
    made = message_test(asker, rule, raw, "/steps/0")
    assert "unit_price" not in made.card["data"]
    assert "on_hand" in made.card["data"]


@pytest.mark.parametrize(
    ("pointer", "words"),
    [("/steps/7", "The rule has no such action."), ("", "The rule has no such action.")],
)
def test_an_action_that_is_not_there(source: Source, pointer: str, words: str) -> None:
    source.tell(150)
    rule, raw = _rule(source)
    with pytest.raises(NotFound, match=words):
        message_test(source.person, rule, raw, pointer)
    assert Interaction.objects.count() == 0


def test_without_anything_recorded_that_may_be_seen_it_says_so(source: Source) -> None:
    rule, raw = _rule(source)
    with pytest.raises(NotFound, match="Nothing of this kind that you may see was recorded yet"):
        message_test(source.person, rule, raw, "/steps/0")


def test_who_may_not_build_on_the_connection_is_refused(source: Source) -> None:
    source.tell(150)
    rule, raw = _rule(source)
    with pytest.raises(PermissionDenied):
        message_test(User.objects.create_user("no", password="x"), rule, raw, "/steps/0")
    assert Interaction.objects.count() == 0


def test_a_flood_of_tests_is_refused(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(testing, "MOST_AN_HOUR", 2)
    source.tell(150)
    rule, raw = _rule(source)
    for _each in range(2):
        message_test(source.person, rule, raw, "/steps/0")
    with pytest.raises(RateLimited):
        message_test(source.person, rule, raw, "/steps/0")
    assert Interaction.objects.count() == 2
