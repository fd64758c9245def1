"""The main job at the services: stock falls, the buyer is asked, one answer makes one purchase order."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connectors.models import Event, Record
from demo import company as erp
from kernel.models import AuditEntry
from messaging.models import Answer, Delivery, Interaction
from messaging.services.replies import content_answer
from permissions.models import Grant
from tests.company import DemoCompany
from workflows.models import Attempt, Run, Step


def test_first_sight_of_a_record_is_no_event(company: DemoCompany) -> None:
    assert Event.objects.count() == 0
    assert Record.objects.filter(object="stock_level").count() == 192
    assert Interaction.objects.count() == 0


def test_a_sale_below_the_level_asks_the_buyer_of_the_item_once(company: DemoCompany) -> None:
    company.sell()
    event = Event.objects.get(object="stock_level")
    assert event.before is not None
    assert event.after is not None
    assert (event.change, event.outcome, event.before["on_hand"], event.after["on_hand"]) == (
        "changed", "matched", "112", "92",
    )  # fmt: skip
    run = Run.objects.get()
    assert (run.state, run.event_id) == ("waiting", event.pk)
    delivery = Delivery.objects.get()
    assert (delivery.user.username, delivery.state, delivery.version) == ("buyer", "delivered", 1)
    company.sell(1)
    assert Run.objects.count() == 1
    assert company.interaction().version == 2  # the same card, refreshed


def test_the_card_has_what_the_buyer_needs(company: DemoCompany) -> None:
    company.sell()
    card = company.cards()[0].as_json()
    values = {field["name"]: field["value"] for field in card["fields"]}
    assert values == {
        "product_code": "BLT-M6-20 M6×20 六角螺栓",
        "warehouse": "EAST 华东仓",
        "on_hand": "92",
        "reorder_level": "100",
        "incoming": "0",
        "supplier_code": "S001 苏州固力紧固件厂",
        "unit_price": "¥0.35",
        "reorder_quantity": "200",
    }
    assert [(each["key"], [one["name"] for one in each["inputs"]]) for each in card["buttons"]] == [
        ("create_po", ["quantity"]), ("not_now", []),
    ]  # fmt: skip
    assert card["buttons"][0]["inputs"][0]["value"] == "200"
    assert company.cards("buyer2") == []


def test_one_answer_makes_one_purchase_order_read_back(company: DemoCompany) -> None:
    company.sell()
    assert company.answer(inputs={"quantity": "250"}).status == "taken"
    company.work()
    (order,) = company.orders()
    assert (order.product_code, order.supplier_code, order.quantity, order.unit_price, order.warehouse) == (
        "BLT-M6-20", "S001", Decimal(250), Decimal("0.35"), "EAST",
    )  # fmt: skip
    interaction = company.interaction()
    assert interaction.state == "decided"
    assert interaction.state_text["en"] == f"{order.number} created by Wei Li at {{at}}"
    step = Step.objects.get(action="create_document")
    assert step.output["read_back"]["quantity"] == "250"
    assert step.output["mismatch"] == {}
    assert step.person is not None
    assert step.person.username == "buyer"
    assert Run.objects.get().state == "done"
    assert AuditEntry.objects.filter(action="answer.accepted").count() == 1


def test_a_second_answer_is_told_who_decided_what(company: DemoCompany) -> None:
    company.sell()
    company.answer()
    company.work()
    second = company.answer(login="buyer")
    assert second.status == "decided"
    assert company.orders()[0].number in second.message
    assert len(company.orders()) == 1


@pytest.mark.parametrize("text", ["下单 200", "order 200", "ORDER  ２００", "下单200"])
def test_a_quick_reply_is_the_button(company: DemoCompany, text: str) -> None:
    company.sell()
    result = content_answer(company.interaction(), company.user("buyer"), {"text": text}, channel="im.inbox")
    company.work()
    assert result.status == "taken"
    assert [order.quantity for order in company.orders()] == [Decimal(200)]


@pytest.mark.parametrize(
    "text", ["ok", "下单 二百", "order 200 300", "3", "order -5", "order 0", "下单 200 不用"]
)
def test_a_text_that_is_not_understood_does_nothing(company: DemoCompany, text: str) -> None:
    company.sell()
    result = content_answer(company.interaction(), company.user("buyer"), {"text": text}, channel="im.inbox")
    company.work()
    assert result.status == "invalid"
    assert company.interaction().state == "open"
    assert company.orders() == []


def test_not_now_is_recorded_with_its_person_and_orders_nothing(company: DemoCompany) -> None:
    company.sell()
    assert company.answer("not_now").taken
    company.work()
    assert company.orders() == []
    interaction = company.interaction()
    assert (interaction.state, interaction.state_text["en"]) == ("decided", "“Not now”, Wei Li, {at}")
    assert Run.objects.get().outcome == "not_now"


def test_it_fires_again_only_after_the_stock_was_above_the_level(company: DemoCompany) -> None:
    company.sell()
    company.answer("not_now")
    company.sell(5)
    assert Interaction.objects.count() == 1
    company.receive(100)
    company.sell(100)
    assert Interaction.objects.count() == 2


def test_an_open_card_is_withdrawn_when_stock_is_back(company: DemoCompany) -> None:
    company.sell()
    company.receive(100)
    assert company.interaction().state == "cancelled"
    assert company.answer().status == "decided"
    assert Run.objects.get().outcome == "no_longer_needed"


def test_a_changed_price_refuses_the_click_and_shows_the_difference(company: DemoCompany) -> None:
    company.sell()
    seen = company.cards()[0].message.version
    company.sql("UPDATE products SET unit_price = '0.40' WHERE code = 'BLT-M6-20'")
    company.work()
    refused = company.answer(version=seen)
    assert refused.status == "changed"
    assert [each.as_json() for each in refused.changed] == [
        {"name": "unit_price", "label": "采购单价", "before": "¥0.35", "after": "¥0.40"}
    ]
    company.work()
    assert company.orders() == []
    fresh = company.cards()[0].message.version
    assert company.answer(version=fresh).taken
    company.work()
    assert [order.unit_price for order in company.orders()] == [Decimal("0.40")]


def test_an_answer_without_a_version_is_bound_to_what_the_person_was_shown(company: DemoCompany) -> None:
    company.sell()
    company.cards()
    company.sql("UPDATE products SET unit_price = '0.40' WHERE code = 'BLT-M6-20'")
    company.work()
    assert company.answer().status == "changed"
    company.cards()
    assert company.answer().taken


def test_a_price_that_moved_unnoticed_is_caught_before_the_write(company: DemoCompany) -> None:
    company.sell()
    company.sql("UPDATE products SET unit_price = '0.40' WHERE code = 'BLT-M6-20'")
    assert company.answer().taken  # not polled yet: nobody can know
    company.work()
    assert company.orders() == []
    interaction = company.interaction()
    assert interaction.state == "open"
    assert "Purchase price CN¥0.35 → CN¥0.40" in interaction.state_text["en"]
    assert company.answer(version=interaction.version).taken
    company.work()
    assert [order.unit_price for order in company.orders()] == [Decimal("0.40")]


def test_other_changes_only_refresh_the_card(company: DemoCompany) -> None:
    company.sell()
    seen = company.cards()[0].message.version
    company.sell(7)
    assert company.answer(version=seen).taken
    company.work()
    assert len(company.orders()) == 1


def test_an_order_made_elsewhere_meanwhile_refuses_the_click(company: DemoCompany) -> None:
    company.sell()
    company.sql(
        "INSERT INTO purchase_orders(number, supplier_code, product_code, quantity, unit_price, reference, status, created_at)"
        " VALUES ('PO-X', 'S001', 'BLT-M6-20', 100, '0.35', 'phone', 'open', '2026-11-22T00:00:00.000Z')"
    )
    company.work()
    result = company.answer()
    assert result.status == "refused"
    company.work()
    assert company.orders() == []


def test_the_erps_refusal_is_on_the_card_and_the_question_stays_open(company: DemoCompany) -> None:
    company.sell()
    erp.refuse_next(company.path, "supplier on credit hold")
    company.answer()
    company.work()
    interaction = company.interaction()
    assert interaction.state == "open"
    assert "supplier on credit hold" in interaction.state_text["en"]
    assert company.orders() == []
    company.answer(version=interaction.version)
    company.work()
    assert len(company.orders()) == 1


@pytest.mark.parametrize("quantity", ["0", "-1", "abc", "", "1e9", "NaN", "２０0x"])
def test_a_bad_quantity_is_refused_in_place(company: DemoCompany, quantity: str) -> None:
    company.sell()
    result = company.answer(inputs={"quantity": quantity})
    assert (result.status, list(result.errors)) == ("invalid", ["quantity"])
    assert company.interaction().state == "open"
    assert Answer.objects.filter(accepted=True).count() == 0


def test_an_unlinked_buyer_falls_back_to_the_owner_of_the_rule(company: DemoCompany) -> None:
    company.connection.identities.filter(external_id="buyer").update(state="blocked")
    company.sell()
    delivery = Delivery.objects.get()
    assert (delivery.user.username, delivery.purpose) == ("analyst", "fallback")


def test_a_buyer_without_a_grant_is_not_shown_anything(company: DemoCompany) -> None:
    company.sell()
    Grant.objects.filter(group__name="Buyers").delete()
    assert company.cards() == []
    assert company.answer().status == "refused"
    company.work()
    assert company.orders() == []


def test_a_leaver_may_not_answer_an_old_card(company: DemoCompany) -> None:
    company.sell()
    user = company.user("buyer")
    user.is_active = False
    user.save()
    assert company.answer().status == "refused"
    assert company.interaction().state == "open"


def test_a_right_lost_between_click_and_write_stops_the_write(company: DemoCompany) -> None:
    company.sell()
    assert company.answer().taken
    Grant.objects.filter(group__name="Buyers").delete()
    company.work()
    assert company.orders() == []
    assert Step.objects.get(action="create_document").state == "refused"


def test_every_attempt_is_kept(company: DemoCompany) -> None:
    company.sell()
    company.answer()
    company.work()
    assert [(each.step.action, each.outcome) for each in Attempt.objects.order_by("id")] == [
        ("ask", "ask"), ("create_document", "done"),
    ]  # fmt: skip
