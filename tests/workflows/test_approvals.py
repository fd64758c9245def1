"""Four eyes: nothing is in force before somebody else said so, and nobody says so of their own."""

from __future__ import annotations

import pytest

from kernel.errors import ConfigError, PermissionDenied
from messaging.models import Delivery, Interaction, InteractionState
from messaging.services.answers import AnswerResult, answer_submit
from permissions.models import User
from permissions.objects import object_share
from tests.workflows.engine.source import Source
from workflows.models import Approval, ApprovalState, FourEyes, Rule
from workflows.services.approvals import ApprovalAsked, four_eyes_set
from workflows.services.drafts import rule_edit
from workflows.services.rules import rule_publish, rule_roll_back

pytestmark = pytest.mark.database


def _person(name: str, rule: Rule, *rights: str) -> User:
    made = User.objects.create_user(name, password="x", language="en")
    object_share(None, made, rule.connection, "view", "use")
    object_share(None, made, rule, *rights)
    return made


@pytest.fixture
def rule(source: Source) -> Rule:
    made = source.rule(params={"recipients": [{"type": "rule_owner"}]})
    assert made.current is not None
    made.draft = {**made.current.definition, "condition": {"<": [{"var": "record.on_hand"}, 5]}}
    made.save()
    object_share(None, source.person, made, "view", "change", "publish")
    four_eyes_set(source.person, made, is_on=True)
    return made


def _answer(user: User, button: str = "approve") -> AnswerResult:
    asked = Interaction.objects.filter(handler="workflows.approval").latest("pk")
    return answer_submit(asked.pk, user, button, {}, version=None, channel="im.inbox")


def _version(rule: Rule) -> int:
    rule.refresh_from_db()
    assert rule.current is not None
    return rule.current.number


def test_it_is_in_force_once_somebody_else_has_approved(source: Source, rule: Rule) -> None:
    wang = _person("wang", rule, "view", "publish")
    with pytest.raises(ApprovalAsked, match="wang were asked to approve it"):
        rule_publish(source.person, rule, note="lower")
    assert _version(rule) == 1
    assert list(Delivery.objects.values_list("user__username", flat=True)) == ["wang"]
    assert _answer(wang).taken
    assert _version(rule) == 2
    done = Approval.objects.get()
    assert (done.state, done.decided_by, done.version) == (ApprovalState.APPROVED, wang, rule.current)
    assert rule.current is not None and rule.current.published_by == source.person


def test_what_is_approved_is_what_was_asked_for(source: Source, rule: Rule) -> None:
    wang = _person("wang", rule, "view", "change", "publish")
    wanted = rule.draft
    with pytest.raises(ApprovalAsked):
        rule_publish(source.person, rule)
    rule_edit(wang, rule, draft={**wanted, "condition": True})
    assert _answer(wang).taken
    rule.refresh_from_db()
    assert rule.current is not None and rule.current.definition["condition"] == wanted["condition"]


def test_who_wrote_it_is_not_asked(source: Source, rule: Rule) -> None:
    wang = _person("wang", rule, "view", "change", "publish")
    rule_edit(wang, rule, draft=rule.draft)
    with pytest.raises(ConfigError, match="nobody else may publish this rule"):
        rule_publish(source.person, rule)
    assert (Approval.objects.count(), _version(rule)) == (0, 1)


def test_nobody_approves_their_own_and_strangers_do_not(source: Source, rule: Rule) -> None:
    wang, stranger = _person("wang", rule, "view", "publish"), User.objects.create_user("zhao", password="x")
    with pytest.raises(ApprovalAsked):
        rule_publish(source.person, rule)
    asked = Interaction.objects.get()
    delivery = asked.deliveries.get()
    Delivery.objects.create(
        interaction=asked, user=source.person, connection=delivery.connection, address="li"
    )
    refused = _answer(source.person)
    assert (refused.taken, refused.message) == (False, "Nobody approves their own.")
    assert not _answer(stranger).taken
    assert (_version(rule), Approval.objects.get().state) == (1, ApprovalState.WAITING)
    assert _answer(wang, "refuse").taken
    assert (_version(rule), Approval.objects.get().state) == (1, ApprovalState.REFUSED)


def test_a_newer_request_replaces_the_one_before(source: Source, rule: Rule) -> None:
    _person("wang", rule, "view", "publish")
    for _each in range(2):
        with pytest.raises(ApprovalAsked):
            rule_publish(source.person, rule)
    states = list(Approval.objects.order_by("pk").values_list("state", flat=True))
    assert states == [ApprovalState.REPLACED, ApprovalState.WAITING]
    cards = Interaction.objects.order_by("pk").values_list("state", flat=True)
    assert list(cards) == [InteractionState.CANCELLED, InteractionState.OPEN]


def test_going_back_needs_it_too(source: Source, rule: Rule) -> None:
    _person("wang", rule, "view", "publish")
    with pytest.raises(ApprovalAsked):
        rule_roll_back(source.person, rule, 1)
    assert _version(rule) == 1


def test_who_publishes_cannot_do_without_it_again(source: Source, rule: Rule) -> None:
    with pytest.raises(PermissionDenied):
        four_eyes_set(source.person, rule, is_on=False)
    with pytest.raises(PermissionDenied):
        four_eyes_set(source.person, rule, is_on=True, whole_connection=True)
    keeper = User.objects.create_user("keeper", password="x")
    object_share(None, keeper, rule.connection, "view", "change")
    four_eyes_set(keeper, rule, is_on=True, whole_connection=True)
    four_eyes_set(keeper, rule, is_on=False)
    _person("wang", rule, "view", "publish")
    with pytest.raises(ApprovalAsked):  # the whole connection's still holds
        rule_publish(source.person, rule)
    four_eyes_set(keeper, rule, is_on=False, whole_connection=True)
    assert FourEyes.objects.count() == 0
    assert rule_publish(source.person, rule).number == 2
