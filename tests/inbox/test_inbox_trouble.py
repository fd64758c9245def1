"""The inbox page when the network, the server or the session fails: no click is lost, none is given twice."""

from __future__ import annotations

import json
import re

import pytest
from django.http import HttpResponse
from playwright.sync_api import Page, Route, expect

from permissions.models import User
from tests.inbox.card_api import CardBox
from tests.inbox.conftest import PASSWORD, Site, person_add, sign_in, wait_for
from tests.inbox.page_steps import answers_of, card_of, pause_of, tell
from tests.needs import needs

pytestmark = [needs("chromium"), pytest.mark.django_db(transaction=True)]
expect.set_options(timeout=15_000)


def test_a_click_without_a_network_is_kept_and_sent_when_it_is_back(
    page: Page, buyer: User, cards: CardBox
) -> None:
    card_id = cards.add()
    tell(buyer, card_id)
    card = card_of(page, card_id)
    expect(card).to_be_visible()
    page.context.set_offline(True)
    card.get_by_role("button", name="Create PO").click()
    expect(card.locator(".note-waiting")).to_contain_text("Your answer “Create PO 200” is kept here")
    expect(page.locator("#banner")).to_contain_text("No connection.")
    assert answers_of(cards) == []
    page.context.set_offline(False)
    expect(card.locator(".state")).to_contain_text("PO-2043")
    expect(page.locator("#banner")).to_be_hidden()
    assert len(answers_of(cards)) == 1


def test_a_click_survives_the_page_being_closed(page: Page, buyer: User, cards: CardBox, site: Site) -> None:
    card_id = cards.add()
    tell(buyer, card_id)
    expect(card_of(page, card_id)).to_be_visible()
    page.route("**/answer/", lambda route: route.abort())
    card_of(page, card_id).get_by_role("button", name="Not now").click()
    expect(card_of(page, card_id).locator(".note-waiting")).to_be_visible()
    page.close(run_before_unload=False)
    assert answers_of(cards) == []

    again = page.context.new_page()
    again.goto("/inbox/")
    expect(card_of(again, card_id).locator(".note-info")).to_contain_text("“Not now” has been sent")
    expect(card_of(again, card_id)).to_have_attribute("data-state", "decided")
    assert answers_of(cards) == [{"button": "not_now", "inputs": {}, "version": 1}]


def test_an_old_kept_click_asks_before_it_is_sent(page: Page, buyer: User, cards: CardBox) -> None:
    card_id = cards.add()
    entry = {"kind": "answer", "label": "Not now", "at": 0, "tries": 3, "state": "waiting",
             "body": {"button": "not_now", "inputs": {}, "version": 1}}  # fmt: skip
    key = f"baton.{buyer.pk}.answers.{card_id}"
    page.evaluate("([key, value]) => localStorage.setItem(key, value)", [key, json.dumps(entry)])
    page.reload()
    card = card_of(page, card_id)
    expect(card.locator(".note-waiting")).to_contain_text("has not been sent yet")
    assert answers_of(cards) == []
    card.get_by_role("button", name="Do not send").click()
    expect(card.get_by_role("button", name="Not now")).to_be_enabled()
    assert page.evaluate("key => localStorage.getItem(key)", key) is None


def test_a_server_that_cannot_just_now_gets_the_answer_again(page: Page, buyer: User, cards: CardBox) -> None:
    card_id = cards.add()
    tell(buyer, card_id)
    refusals = [503, 502]
    cards.fault = lambda request: (
        HttpResponse(status=refusals.pop()) if refusals and request.path.endswith("/answer/") else None
    )
    card = card_of(page, card_id)
    card.get_by_role("button", name="Create PO").click()
    expect(card.locator(".note-waiting")).to_contain_text("could not take your answer")
    expect(card.locator(".state")).to_contain_text("PO-2043")
    assert len(answers_of(cards)) == 3


def test_an_answer_that_arrived_though_the_line_broke_is_not_given_twice(
    page: Page, buyer: User, cards: CardBox
) -> None:
    card_id = cards.add()
    tell(buyer, card_id)
    broken: list[int] = []

    def lose_the_response(route: Route) -> None:
        if broken:
            route.continue_()
        else:
            broken.append(route.fetch().status)
            route.abort()

    page.route("**/answer/", lose_the_response)
    card = card_of(page, card_id)
    card.get_by_role("button", name="Create PO").click()
    expect(card.locator(".state")).to_contain_text("PO-2043")
    wait_for(lambda: len(answers_of(cards)) == 2, "the answer to be sent again", pause_of(page))
    assert broken == [200]
    assert cards.cards[card_id]["version"] == 2


def test_without_the_live_line_the_page_polls_and_says_so(
    page: Page, buyer: User, cards: CardBox, site: Site
) -> None:
    context = page.context.browser.new_context(base_url=site.url)  # type: ignore[union-attr]
    second = context.new_page()
    second.add_init_script(
        "window.WebSocket = class extends EventTarget { static OPEN = 1;"
        " constructor() { super(); setTimeout(() => this.dispatchEvent(new CloseEvent('close'))); } }"
    )
    sign_in(context, buyer, site)
    second.goto("/inbox/")
    expect(second.locator("#status")).to_have_text("Checking every 5 seconds")
    card_id = cards.add()
    expect(card_of(second, card_id)).to_be_visible()
    context.close()


def test_the_line_comes_back_by_itself_and_catches_up(
    page: Page, buyer: User, cards: CardBox, site: Site
) -> None:
    site.stop()
    expect(page.locator("#status")).to_have_attribute("data-status", re.compile("offline|reconnecting"))
    card_id = cards.add()
    site.start()
    expect(page.locator("#status")).to_have_attribute("data-status", "live")
    expect(card_of(page, card_id)).to_be_visible()
    expect(page.locator("#banner")).to_be_hidden()


def test_signed_out_the_page_says_so_and_keeps_what_was_typed(
    page: Page, buyer: User, cards: CardBox
) -> None:
    card_id = cards.add()
    tell(buyer, card_id)
    card_of(page, card_id).get_by_label("Quantity", exact=True).fill("321")
    page.context.clear_cookies(name="sessionid")
    card_of(page, card_id).get_by_role("button", name="Create PO").click()
    expect(page.locator("#banner")).to_contain_text("You have been signed out.")
    assert answers_of(cards) == []
    page.get_by_role("link", name="Log in again").click()
    page.fill("#id_username", "buyer")
    page.fill("#id_password", PASSWORD)
    page.click("button.primary")
    expect(card_of(page, card_id).locator(".state")).to_contain_text("PO-2043")
    assert [body["inputs"] for body in answers_of(cards)] == [{"quantity": "321"}]  # type: ignore[index]


def test_another_person_on_this_computer_sends_nothing_for_the_first(
    page: Page, buyer: User, cards: CardBox, site: Site
) -> None:
    card_id = cards.add()
    tell(buyer, card_id)
    page.route("**/answer/", lambda route: route.abort())
    card_of(page, card_id).get_by_role("button", name="Not now").click()
    expect(card_of(page, card_id).locator(".note-waiting")).to_be_visible()
    page.unroute("**/answer/")
    sign_in(page.context, person_add("second"), site)
    page.reload()
    expect(card_of(page, card_id).get_by_role("button", name="Not now")).to_be_enabled()
    assert answers_of(cards) == []
