"""`inbox/`: what a person sees, and that one answer counts."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client

from messaging.models import Answer, Delivery, Interaction
from permissions.models import Grant, User
from tests.api.conftest import Speak
from tests.company import DemoCompany

pytestmark = pytest.mark.database
INBOX = "/api/v1/inbox/"


def test_the_story_over_the_api(company: DemoCompany, speak: Speak) -> None:
    buyer = speak("buyer")
    assert buyer.get(INBOX).json() == []
    company.sell()
    cards = buyer.get(INBOX).json()
    assert len(cards) == 1
    card = cards[0]
    assert [button["key"] for button in card["buttons"]] == ["create_po", "not_now"]
    assert [each["name"] for each in card["buttons"][0]["inputs"]] == ["quantity"]
    assert {"id", "version", "title", "body", "fields", "state", "state_text", "buttons"} <= card.keys()
    assert (card["state"], card["version"], card["seen"]) == ("open", 1, False)
    assert {"name", "label", "value", "emphasis"} == card["fields"][0].keys()
    assert buyer.get(f"{INBOX}{card['id']}/").json() == card

    body = {"button": "create_po", "inputs": {"quantity": "200"}, "version": card["version"]}
    answer = buyer.post(f"{INBOX}{card['id']}/answer/", body)
    assert answer.status_code == 200
    assert answer.json()["card"]["state"] == "working"
    assert answer.json()["card"]["buttons"] == []
    company.work()
    orders = company.orders()
    assert [each.quantity for each in orders] == [200]
    decided = buyer.get(f"{INBOX}{card['id']}/").json()
    assert decided["state"] == "decided"
    assert orders[0].number in decided["state_text"] and "Wei Li" in decided["state_text"]

    again = buyer.post(f"{INBOX}{card['id']}/answer/", body)
    assert again.status_code == 409
    assert orders[0].number in again.json()["detail"]
    assert again.json()["card"]["state"] == "decided"
    company.work()
    assert len(company.orders()) == 1


@pytest.mark.parametrize(("text", "quantity"), [("order 200", 200), ("下单 200", 200), ("下单２００", 200)])
def test_words_decide_like_a_click(company: DemoCompany, speak: Speak, text: str, quantity: int) -> None:
    company.sell()
    buyer = speak("buyer")
    card = buyer.get(INBOX).json()[0]
    answer = buyer.post(f"{INBOX}{card['id']}/reply/", {"text": text})
    assert answer.status_code == 200, answer.json()
    company.work()
    assert [each.quantity for each in company.orders()] == [quantity]


def test_words_that_mean_nothing_here_do_nothing(company: DemoCompany, speak: Speak) -> None:
    company.sell()
    buyer = speak("buyer")
    card = buyer.get(INBOX).json()[0]
    answer = buyer.post(f"{INBOX}{card['id']}/reply/", {"text": "hm"})
    assert answer.status_code == 400
    assert "order" in answer.json()["detail"]
    company.work()
    assert (company.orders(), Answer.objects.count()) == ([], 0)
    assert buyer.get(INBOX).json()[0]["state"] == "open"


def test_bad_input_is_named_and_nothing_is_decided(company: DemoCompany, speak: Speak) -> None:
    company.sell()
    buyer = speak("buyer")
    url = f"{INBOX}{buyer.get(INBOX).json()[0]['id']}/answer/"
    answer = buyer.post(url, {"button": "create_po", "inputs": {"quantity": "-1"}})
    assert answer.status_code == 400
    assert answer.json()["errors"].keys() == {"quantity"}
    assert answer.json()["card"]["state"] == "open"
    for body in (
        {},
        {"button": "other"},
        {"button": "create_po", "inputs": []},
        {"button": "create_po", "version": 0},
    ):
        assert buyer.post(url, body).status_code == 400, body
    assert Answer.objects.count() == 0


def test_a_change_that_matters_is_shown_before_it_is_confirmed(company: DemoCompany, speak: Speak) -> None:
    company.sell()
    buyer = speak("buyer")
    card = buyer.get(INBOX).json()[0]
    url = f"{INBOX}{card['id']}/answer/"
    company.sql("UPDATE products SET unit_price = unit_price * 2")
    company.work()
    body = {"button": "create_po", "inputs": {"quantity": "200"}, "version": card["version"]}
    answer = buyer.post(url, body)
    assert answer.status_code == 409
    changed = answer.json()["changed"]
    assert [each["name"] for each in changed] == ["unit_price"]
    assert changed[0].keys() == {"name", "label", "before", "after"}
    assert changed[0]["before"] != changed[0]["after"]
    assert company.orders() == []

    fresh = answer.json()["card"]
    assert fresh["version"] > card["version"] and fresh["state"] == "open"
    assert buyer.post(url, {**body, "version": fresh["version"]}).status_code == 200
    company.work()
    assert len(company.orders()) == 1


def test_not_now_is_recorded_with_its_person(company: DemoCompany, speak: Speak) -> None:
    company.sell()
    buyer = speak("buyer")
    card = buyer.get(INBOX).json()[0]
    answer = buyer.post(f"{INBOX}{card['id']}/answer/", {"button": "not_now"})
    assert answer.status_code == 200
    assert "Wei Li" in answer.json()["card"]["state_text"]
    assert company.orders() == []


def test_a_card_is_for_whoever_was_asked(company: DemoCompany, speak: Speak) -> None:
    company.sell()
    uid = company.interaction().uid
    for login in ("buyer2", "sales", "it", "analyst", "auditor"):
        other = speak(login)
        assert other.get(INBOX).json() == []
        assert other.get(f"{INBOX}{uid}/").status_code == 404
        for name, body in (("answer", {"button": "not_now"}), ("reply", {"text": "not now"})):
            assert other.post(f"{INBOX}{uid}/{name}/", body).status_code == 404
        assert other.post(f"{INBOX}seen/", {"ids": [str(uid)]}).status_code == 204
    assert Answer.objects.count() == 0
    assert Delivery.objects.filter(seen_at__isnull=False).count() == 0
    assert company.interaction().state == "open"


def test_a_right_that_ended_closes_an_old_card(company: DemoCompany, speak: Speak) -> None:
    company.sell()
    buyer = speak("buyer")
    card = buyer.get(INBOX).json()[0]
    Grant.objects.filter(group__user=company.user("buyer")).delete()
    assert buyer.get(INBOX).json() == []
    answer = buyer.get(f"{INBOX}{card['id']}/")
    assert (answer.status_code, answer.json()["detail"]) == (403, "You may not see this (any more).")
    for name, body in (("answer", {"button": "create_po"}), ("reply", {"text": "order 5"})):
        assert buyer.post(f"{INBOX}{card['id']}/{name}/", body).status_code == 403
    company.work()
    assert company.orders() == []
    assert company.interaction().state == "open"
    assert not Answer.objects.filter(accepted=True).exists()


def test_a_leaver_is_out_at_once(company: DemoCompany, speak: Speak) -> None:
    company.sell()
    buyer = speak("buyer")
    card = buyer.get(INBOX).json()[0]
    User.objects.filter(username="buyer").update(is_active=False)
    assert buyer.get(INBOX).status_code == 401
    assert buyer.post(f"{INBOX}{card['id']}/answer/", {"button": "not_now"}).status_code == 401
    assert company.interaction().state == "open"


def test_the_list_is_sent_once_while_nothing_changes(company: DemoCompany, speak: Speak) -> None:
    company.sell()
    buyer = speak("buyer")
    first = buyer.get(INBOX)
    tag = first.headers["ETag"]
    same = buyer.get(INBOX, headers={"if-none-match": tag})
    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["ETag"] == tag
    buyer.post(f"{INBOX}{first.json()[0]['id']}/answer/", {"button": "not_now"})
    other = buyer.get(INBOX, headers={"if-none-match": tag})
    assert other.status_code == 200 and other.headers["ETag"] != tag


def test_a_get_decides_nothing(company: DemoCompany, speak: Speak) -> None:
    company.sell()
    buyer = speak("buyer")
    uid = company.interaction().uid
    before = Interaction.objects.values().get()
    for url in (INBOX, f"{INBOX}{uid}/"):
        assert buyer.get(url).status_code == 200
    for url in (f"{INBOX}{uid}/answer/?button=create_po", f"{INBOX}{uid}/reply/?text=order"):
        assert buyer.get(url).status_code == 405
    assert Interaction.objects.values().get() == before
    assert Answer.objects.count() == 0


def test_seen_is_noted_once_for_the_person(company: DemoCompany, speak: Speak) -> None:
    company.sell()
    buyer = speak("buyer")
    card = buyer.get(INBOX).json()[0]
    body = {"ids": [card["id"], str(uuid.uuid4())]}
    assert buyer.post(f"{INBOX}seen/", body).status_code == 204
    noted = Delivery.objects.get().seen_at
    assert noted is not None
    assert buyer.post(f"{INBOX}seen/", body).status_code == 204
    assert Delivery.objects.get().seen_at == noted
    assert buyer.get(INBOX).json()[0]["seen"] is True
    assert buyer.post(f"{INBOX}seen/", {"ids": ["x"]}).status_code == 400
    assert buyer.post(f"{INBOX}seen/", {"ids": [1]}).status_code == 400


def test_cards_speak_the_language_of_the_request(company: DemoCompany) -> None:
    company.sell()
    client = Client(headers={"accept-language": "en"})
    client.force_login(company.user("buyer"))
    assert client.get(INBOX).json()[0]["title"].startswith("Low stock")
    User.objects.update(is_demo=False)
    assert client.get(INBOX).json()[0]["title"].startswith("库存不足"), "the person's own language"
    client.post("/i18n/setlang/", {"language": "en", "next": "/inbox/"})
    assert client.get(INBOX).json()[0]["title"].startswith("Low stock"), "chosen in this browser"


def test_a_session_needs_the_csrf_token_to_act(company: DemoCompany) -> None:
    company.sell()
    client = Client(enforce_csrf_checks=True)
    client.force_login(company.user("buyer"))
    url = f"{INBOX}{company.interaction().uid}/answer/"
    answer = client.post(url, {"button": "not_now"}, content_type="application/json")
    assert answer.status_code == 403
    assert company.interaction().state == "open"
