"""The inbox page in a real browser, on a phone's width, against the played API."""

from __future__ import annotations

import uuid

import pytest
from django.http import HttpResponse
from playwright.sync_api import Page, expect

from permissions.models import User
from tests.inbox.card_api import CardBox
from tests.inbox.conftest import Site, wait_for
from tests.inbox.page_steps import answers_of, card_of, tell
from tests.needs import needs

pytestmark = [needs("chromium"), pytest.mark.django_db(transaction=True)]
expect.set_options(timeout=15_000)


def test_a_new_card_appears_without_a_reload_and_one_click_decides_it(
    page: Page, buyer: User, cards: CardBox
) -> None:
    expect(page.get_by_role("heading", name="Nothing waits for you")).to_be_visible()
    page.evaluate("window.sameDocument = true")
    card_id = cards.add()
    tell(buyer, card_id)
    card = card_of(page, card_id)
    expect(card.get_by_role("heading")).to_contain_text("Stock below reorder level")
    expect(page.locator("#announcer")).to_have_text("New card: Stock below reorder level")
    expect(card.locator(".figure dd")).to_have_text(["80", "120", "200"])

    card.get_by_label("Quantity", exact=True).fill("２50")
    card.get_by_role("button", name="Create PO").click()
    expect(card.locator(".state")).to_have_text("PO-2043 created by Li Wei at 22 Nov, 10:41")
    expect(card.locator(".state")).to_be_in_viewport()
    expect(card.get_by_role("button")).to_have_count(0)
    assert answers_of(cards) == [{"button": "create_po", "inputs": {"quantity": "250"}, "version": 1}]
    assert page.evaluate("window.sameDocument") is True

    page.get_by_role("tab", name="Decided").click()
    expect(card_of(page, card_id).locator(".state")).to_contain_text("PO-2043")
    page.get_by_role("tab", name="Open").click()
    expect(page.get_by_role("heading", name="Nothing waits for you")).to_be_visible()


def test_two_clicks_are_one_answer(page: Page, buyer: User, cards: CardBox) -> None:
    card_id = cards.add()
    tell(buyer, card_id)
    card_of(page, card_id).get_by_role("button", name="Not now").dblclick()
    expect(card_of(page, card_id)).to_have_attribute("data-state", "decided")
    assert len(answers_of(cards)) == 1


def test_a_quick_reply_decides_and_one_that_is_not_understood_stays_typed(
    page: Page, buyer: User, cards: CardBox
) -> None:
    card_id = cards.add()
    tell(buyer, card_id)
    card = card_of(page, card_id)
    reply = card.get_by_label("Answer in words")
    expect(reply).to_have_attribute("placeholder", "Or type “order 200”")
    reply.fill("maybe")
    reply.press("Enter")
    expect(card.get_by_role("alert")).to_contain_text("“maybe” was not understood.")
    expect(reply).to_have_value("maybe")
    reply.fill("order 200")
    card.get_by_role("button", name="Send").click()
    expect(card).to_have_attribute("data-state", "decided")
    assert answers_of(cards) == [{"text": "maybe", "version": 1}, {"text": "order 200", "version": 1}]


def test_somebody_elses_decision_shows_here_and_a_late_click_is_told(
    page: Page, buyer: User, cards: CardBox
) -> None:
    first, second = cards.add(), cards.add()
    tell(buyer, first)
    tell(buyer, second)
    expect(card_of(page, second)).to_be_visible()
    cards.set(first, state="decided", text="taken")
    tell(buyer, first)
    expect(card_of(page, first).locator(".state")).to_have_text("Already decided by Wang Fang: Not now.")

    cards.set(second, state="decided", text="taken")
    card_of(page, second).get_by_role("button", name="Create PO").click()
    expect(card_of(page, second).locator(".note-info")).to_contain_text("Already decided by Wang Fang")
    expect(card_of(page, second).get_by_role("button", name="Create PO")).to_have_count(0)


def test_what_changed_is_shown_before_and_after_and_confirmed_on_the_new_version(
    page: Page, buyer: User, cards: CardBox
) -> None:
    card_id = cards.add()
    tell(buyer, card_id)
    card = card_of(page, card_id)
    expect(card).to_be_visible()
    cards.set(card_id, price="¥ 1.35", material=True)
    card.get_by_role("button", name="Create PO").click()
    row = card.get_by_role("row").nth(1)
    expect(row.get_by_role("cell")).to_have_text(["¥ 1.20", "¥ 1.35"])
    assert cards.cards[card_id]["state"] == "open"
    card.get_by_role("button", name="Look again and confirm").click()
    expect(card).to_have_attribute("data-state", "decided")
    assert [body["version"] for body in answers_of(cards)] == [1, 2]  # type: ignore[index]


def test_a_bad_quantity_is_said_where_it_stands(page: Page, buyer: User, cards: CardBox) -> None:
    card_id = cards.add()
    tell(buyer, card_id)
    card = card_of(page, card_id)
    quantity = card.get_by_label("Quantity", exact=True)
    quantity.fill("many")
    card.get_by_role("button", name="Create PO").click()
    expect(card.locator(".field-error")).to_have_text("Enter a whole number, for example 200.")
    expect(quantity).to_be_focused()
    assert answers_of(cards) == []
    quantity.fill("0")
    card.get_by_role("button", name="Create PO").click()
    expect(card.locator(".field-error")).to_have_text("Must be greater than 0.")
    expect(quantity).to_have_value("0")
    card.get_by_role("button", name="More: Quantity").click()
    expect(quantity).to_have_value("1")


def test_a_button_that_wants_it_asks_first(page: Page, buyer: User, cards: CardBox) -> None:
    card_id = cards.add(confirm="Order for ¥ 12,000?")
    tell(buyer, card_id)
    card = card_of(page, card_id)
    card.get_by_role("button", name="Create PO").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Order for ¥ 12,000?")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    assert answers_of(cards) == []
    card.get_by_role("button", name="Create PO").click()
    dialog.get_by_role("button", name="Create PO").click()
    expect(card).to_have_attribute("data-state", "decided")


def test_the_badge_counts_what_was_not_seen(page: Page, buyer: User, cards: CardBox) -> None:
    ids = [cards.add(minutes_ago=each) for each in range(3)]
    tell(buyer, ids[0])
    page.reload()
    expect(page.locator("#count-open")).to_have_text("3")
    for card_id in ids:
        card_of(page, card_id).scroll_into_view_if_needed()
        expect(card_of(page, card_id).locator(".unseen.is-going")).to_have_count(1)
    expect(page.locator("#unread")).to_be_hidden()
    expect(page).to_have_title("Inbox · Baton")
    wait_for(lambda: all(cards.cards[each]["seen"] for each in ids), "all to be seen")
    hidden = cards.add()
    page.evaluate("Object.defineProperty(document, 'visibilityState', {value: 'hidden', configurable: true})")
    tell(buyer, hidden)
    expect(page.locator("#unread")).to_have_text("1")
    expect(page).to_have_title("(1) Inbox · Baton")


def test_a_refused_answer_says_why_and_nothing_happens(page: Page, buyer: User, cards: CardBox) -> None:
    card_id = cards.add()
    tell(buyer, card_id)
    cards.fault = lambda request: (
        HttpResponse('{"detail": "You may no longer answer for this warehouse."}', "application/json", 403)
        if request.path.endswith("/answer/")
        else None
    )
    card = card_of(page, card_id)
    card.get_by_role("button", name="Create PO").click()
    expect(card.get_by_role("alert")).to_contain_text("You may no longer answer for this warehouse.")
    expect(page.locator("#banner")).to_be_hidden()
    assert cards.cards[card_id]["state"] == "open"


def test_a_link_opens_its_card_also_a_decided_one(page: Page, buyer: User, cards: CardBox) -> None:
    cards.add()
    card_id = cards.add("decided", minutes_ago=50)
    page.goto(f"/inbox/{card_id}/")
    expect(card_of(page, card_id)).to_be_focused()
    expect(page.get_by_role("tab", name="Decided")).to_have_attribute("aria-selected", "true")
    page.goto(f"/inbox/{uuid.uuid4()}/")
    expect(page.locator("#banner")).to_have_text("This card is no longer there for you.")
    assert answers_of(cards) == []


def test_a_card_that_is_taken_away_disappears(page: Page, buyer: User, cards: CardBox) -> None:
    card_id = cards.add()
    tell(buyer, card_id)
    expect(card_of(page, card_id)).to_be_visible()
    del cards.cards[card_id]
    tell(buyer, card_id)
    expect(card_of(page, card_id)).to_have_count(0)
    expect(page.get_by_role("heading", name="Nothing waits for you")).to_be_visible()


def test_a_card_one_may_no_longer_see_disappears_and_nobody_is_signed_out(
    page: Page, buyer: User, cards: CardBox
) -> None:
    card_id = cards.add()
    tell(buyer, card_id)
    expect(card_of(page, card_id)).to_be_visible()
    cards.fault = lambda request: (
        HttpResponse('{"detail": "You may not see this."}', "application/json", 403)
        if request.path.endswith(f"{card_id}/")
        else None
    )
    tell(buyer, card_id)
    expect(card_of(page, card_id)).to_have_count(0)
    expect(page.locator("#banner")).to_be_hidden()


def test_a_decimal_keeps_its_decimals_when_stepped(page: Page, buyer: User, cards: CardBox) -> None:
    card_id = cards.add(quantity="2.50", quantity_type="decimal")
    tell(buyer, card_id)
    quantity = card_of(page, card_id).get_by_label("Quantity", exact=True)
    card_of(page, card_id).get_by_role("button", name="More: Quantity").click()
    expect(quantity).to_have_value("3.50")
    for _ in range(5):
        card_of(page, card_id).get_by_role("button", name="Less: Quantity").click()
    expect(quantity).to_have_value("0.00")
    quantity.fill("1,5")
    card_of(page, card_id).get_by_role("button", name="Create PO").click()
    expect(card_of(page, card_id).locator(".field-error")).to_have_text("Enter a number, for example 200.")
    assert answers_of(cards) == []


def test_typing_is_not_disturbed_by_news_about_the_card(page: Page, buyer: User, cards: CardBox) -> None:
    card_id = cards.add()
    tell(buyer, card_id)
    card = card_of(page, card_id)
    reply = card.get_by_label("Answer in words")
    reply.fill("order 2")
    cards.set(card_id, on_hand="75")
    tell(buyer, card_id)
    expect(card.locator(".just-changed dd")).to_have_text("75")
    expect(reply).to_be_focused()
    page.keyboard.type("00")
    expect(reply).to_have_value("order 200")


def test_the_keyboard_alone_is_enough(page: Page, buyer: User, cards: CardBox) -> None:
    card_id = cards.add()
    tell(buyer, cards.add("decided", minutes_ago=9))
    tell(buyer, card_id)
    expect(card_of(page, card_id)).to_be_visible()
    page.get_by_role("tab", name="Open").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Decided")).to_be_focused()
    expect(page.locator("article")).to_have_attribute("data-state", "decided")
    page.keyboard.press("ArrowLeft")
    card_of(page, card_id).get_by_label("Quantity", exact=True).focus()
    page.keyboard.press("Enter")
    expect(card_of(page, card_id)).to_have_attribute("data-state", "decided")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_overflows_and_everything_can_be_hit(
    page: Page, buyer: User, cards: CardBox, language: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    User.objects.filter(pk=buyer.pk).update(language=language)
    long = "A-very-long-supplier-name-without-any-place-to-break-" * 3
    open_card = cards.add(price=long, notice=long)
    for state in ("working", "failed", "decided", "expired"):
        cards.add(state, minutes_ago=5)
    page.goto("/inbox/")
    expect(card_of(page, open_card)).to_be_visible()
    for tab in ("open", "decided"):
        page.click(f"#tab-{tab}")
        assert page.evaluate("document.documentElement.scrollWidth") == width
    page.click("#tab-open")
    page.click("#menu summary")
    small = page.evaluate(
        "[...document.querySelectorAll('button, summary, .menu a, input:not([type=hidden])')]"
        ".filter((each) => each.offsetParent && each.getBoundingClientRect().height < 44)"
        ".map((each) => each.outerHTML)"
    )
    assert small == []
    nameless = page.evaluate(
        "[...document.querySelectorAll('input:not([type=hidden])')].filter((each) => !each.labels.length)"
        ".map((each) => each.outerHTML)"
    )
    assert nameless == []
    expect(page.locator("html")).to_have_attribute("lang", language)


def test_notifications_are_asked_for_only_after_a_click(
    page: Page, buyer: User, cards: CardBox, site: Site
) -> None:
    page.add_init_script(
        "window.asked = 0; window.shown = [];"
        "window.Notification = class extends EventTarget { static permission = 'default';"
        " static async requestPermission() { window.asked += 1; this.permission = 'granted';"
        " return 'granted'; }"
        " constructor(title) { super(); window.shown.push(title); } };"
        "Object.defineProperty(navigator, 'serviceWorker', {value: undefined});"
    )
    page.reload()
    page.wait_for_selector("[data-status=live]")
    assert page.evaluate("window.asked") == 0
    page.click("#menu summary")
    page.get_by_role("button", name="Turn on notifications").click()
    expect(page.get_by_role("button", name="Turn off notifications")).to_be_visible()
    assert page.evaluate("window.asked") == 1
    page.evaluate("Object.defineProperty(document, 'visibilityState', {value: 'hidden', configurable: true})")
    tell(buyer, cards.add())
    wait_for(lambda: page.evaluate("window.shown") == ["Stock below reorder level"], "the notification")
