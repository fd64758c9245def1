"""The price is hidden from who may not see prices: wherever it could stand, it is not there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kernel.models import LiveEvent
from messaging.models import Answer, Delivery, Interaction
from messaging.selectors import inbox_cards, inbox_interactions
from messaging.services.answers import answer_submit
from messaging.services.replies import content_answer
from permissions.models import Grant, User
from permissions.policies import MASK
from tests.company import DemoCompany
from tests.figures import figure_in
from tests.workflows.engine.source import LONG_AGO, Source

SECRET = "17.77"


@pytest.fixture
def source(db: None) -> Source:
    """A rule whose owner may see the price asks a person who may not (any more)."""
    source = Source()
    rule = source.rule(
        params={
            "title": "Low: {{ record.product_code }} at {{ record.unit_price }}",
            "body": "{% if record.unit_price != '' %}{{ record.unit_price | append: '!' }}{% endif %}",
            "fields": [{"name": "on_hand"}, {"name": "unit_price"}, {"name": "product_code", "with": "unit_price"}],
            "material": ["unit_price"],
            "buttons": [
                {
                    "key": "buy",
                    "label": "Buy",
                    "replies": ["buy {price}", "buy"],
                    "inputs": [
                        {"name": "price", "type": "decimal", "value": {"var": "record.unit_price"}},
                        {"name": "total", "type": "decimal",
                         "value": {"*": [{"var": "record.on_hand"}, {"var": "record.unit_price"}]}},
                        {"name": "quantity", "type": "decimal", "value": {"var": "record.on_hand"}},
                    ],
                    "then": [{"action": "create_document", "params": {}}],
                },
                {"key": "no", "label": "No", "then": []},
            ],
        }
    )  # fmt: skip
    rule.owner = User.objects.create_user("designer", language="en", time_zone="UTC")
    rule.save(update_fields=["owner"])
    Grant.objects.create(
        user=rule.owner,
        objects_covered=["stock_level"],
        verbs=["see"],
        scopes={"warehouse": ["*"]},
        field_classes=["*"],
        valid_from=LONG_AGO,
    )
    source.tell(120, price=SECRET)
    price_right([])
    source.tell(50, price=SECRET)
    source.work()
    return source


def price_right(classes: list[str]) -> None:
    """The classes of fields the person who is asked may see from now on."""
    assert Grant.objects.filter(user__username="li").update(field_classes=classes) == 1


def everything(source: Source) -> str:
    """The card as the person gets it, as text."""
    (card,) = inbox_cards(source.person, inbox_interactions(source.person))
    return json.dumps(card.as_json(), ensure_ascii=False)


def test_the_card_does_not_hold_it_anywhere(source: Source) -> None:
    shown = everything(source)
    assert SECRET not in shown
    assert not figure_in("888", shown)  # 50 × 17.77
    (card,) = inbox_cards(source.person, inbox_interactions(source.person))
    assert card.message.title == f"Low: A at {MASK}"
    assert card.message.body == f"{MASK}!"
    assert [each.value for each in card.message.fields] == ["50", MASK, f"A {MASK}"]
    assert [each.value for each in card.message.buttons[0].inputs] == [MASK, MASK, "50"]


def test_with_the_right_it_is_there(source: Source) -> None:
    price_right(["cost"])
    assert SECRET in everything(source)


def test_the_right_lost_on_an_old_card_hides_it(source: Source) -> None:
    price_right(["*"])
    assert SECRET in everything(source)
    price_right([])
    assert SECRET not in everything(source)


def test_a_difference_names_the_field_without_its_values(source: Source) -> None:
    source.tell(49, price="18.88")
    result = answer_submit(
        Interaction.objects.get().pk, source.person, "buy", {}, version=1, channel="im.inbox"
    )
    assert result.status == "changed"
    assert [each.as_json() for each in result.changed] == [
        {"name": "unit_price", "label": "Purchase price", "before": MASK, "after": MASK}
    ]
    assert Answer.objects.filter(accepted=True).count() == 0


def test_a_hint_with_examples_does_not_tell_it(source: Source) -> None:
    result = content_answer(Interaction.objects.get(), source.person, {"text": "what?"}, channel="im.inbox")
    assert (result.status, SECRET in result.message) == ("invalid", False)
    assert "buy …" in result.message


def test_an_error_does_not_tell_it(source: Source) -> None:
    result = answer_submit(
        Interaction.objects.get().pk,
        source.person,
        "buy",
        {"quantity": "x", "price": "y"},
        version=1,
        channel="im.inbox",
    )
    assert (result.status, sorted(result.errors)) == ("invalid", ["price", "quantity"])
    assert SECRET not in json.dumps(result.errors)


def test_a_masked_value_that_comes_back_as_shown_stands_for_itself(source: Source) -> None:
    result = answer_submit(
        Interaction.objects.get().pk,
        source.person,
        "buy",
        {"price": MASK, "total": MASK},
        version=1,
        channel="im.inbox",
    )
    assert result.status == "taken"


def test_live_hints_and_proofs_hold_no_values(source: Source) -> None:
    hints: list[Any] = list(LiveEvent.objects.values_list("payload", flat=True))
    assert SECRET not in json.dumps(hints)
    assert SECRET not in json.dumps(Delivery.objects.get().proof)
    assert Delivery.objects.get().proof["masked"] == ["unit_price"]


def test_what_changed_during_the_write_is_told_to_each_as_they_may_see(company: DemoCompany) -> None:
    company.sell()
    company.sql("UPDATE products SET unit_price = '0.40' WHERE code = 'BLT-M6-20'")
    assert company.answer().taken
    company.work()
    full = company.cards()[0].message.state_text
    assert "0.35" in full
    assert "0.40" in full
    Grant.objects.filter(group__name="Buyers").update(field_classes=[])
    hidden = company.cards()[0].message.state_text
    assert not figure_in("0.35", hidden)
    assert not figure_in("0.40", hidden)
    assert "采购单价" in hidden


def test_the_words_of_a_decision_are_for_those_who_may_see_the_record(company: DemoCompany) -> None:
    company.sell()
    company.answer()
    company.work()
    number = company.orders()[0].number
    assert number in company.answer().message
    Grant.objects.filter(group__name="Buyers").delete()
    told = company.answer()
    assert (told.status, number in told.message) == ("decided", False)


def test_who_may_not_see_prices_is_not_asked_with_prices_in_the_erp_story(company: DemoCompany) -> None:
    Grant.objects.filter(group__name="Buyers").update(field_classes=[])
    company.sell()
    card = json.dumps(company.cards()[0].as_json(), ensure_ascii=False)
    assert not figure_in("0.35", card)
    assert company.answer().taken
    company.work()
    (order,) = company.orders()
    assert str(order.unit_price) == "0.35"
    assert str(order.reference).startswith("BATON-")
    assert User.objects.get(username="buyer").language == "zh-hans"
