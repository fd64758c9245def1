"""Linking by a code: from the page, through a signed reply, once, in time, and never over somebody else's account."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from connectors.models import Connection
from connectors.ports.im import InboundReply
from kernel import clock
from kernel.errors import Conflict, NotFound
from kernel.models import AuditEntry
from messaging.models import Reply
from messaging.services.replies import reply_drain, reply_store
from permissions.models import Identity, LinkCode, User
from permissions.services.linking import ALPHABET, code_make
from tests.messaging.webhook import webhook_register

pytestmark = pytest.mark.database


@pytest.fixture
def hook(db: None) -> Connection:
    return webhook_register()


@pytest.fixture
def li(db: None) -> User:
    return User.objects.create_user("li", password="x", language="en", time_zone="UTC")


def write(hook: Connection, text: str, address: str = "u-li") -> Reply:
    number = Reply.objects.count()
    reply_store(hook, InboundReply(vendor_event_id=f"r{number}", address=address, text=text))
    reply_drain()
    return Reply.objects.get(vendor_event_id=f"r{number}")


def links() -> list[tuple[str, str, str]]:
    return list(Identity.objects.order_by("pk").values_list("external_id", "user__username", "linked_by"))


def other_than(code: str) -> str:
    """A code of the right shape that is another one."""
    first = next(each for each in ALPHABET if each != code[0])
    return first + code[1:]


def test_a_code_from_the_page_sent_from_the_account_links_it(hook: Connection, li: User) -> None:
    client = Client()
    client.force_login(li)
    assert "Get a code" in client.get("/inbox/accounts/").content.decode()
    assert LinkCode.objects.count() == 0
    page = client.post("/inbox/accounts/", {"connection": hook.pk}).content.decode()
    code = page.partition('<strong id="code">')[2].partition("<")[0]
    assert code not in str(list(LinkCode.objects.values()))
    reply = write(hook, f" {code.lower()} ")
    assert (reply.state, reply.user) == ("done", li)
    assert links() == [("u-li", "li", "code")]
    assert AuditEntry.objects.filter(action="identity.linked", actor=li).count() == 1
    assert "Linked: u-li" in client.get("/inbox/accounts/").content.decode()


def test_a_code_counts_once(hook: Connection, li: User) -> None:
    code = code_make(li, hook.pk)
    write(hook, code)
    assert write(hook, code, "u-other").state == "refused"
    assert links() == [("u-li", "li", "code")]


def test_a_newer_code_voids_the_older(hook: Connection, li: User) -> None:
    first, second = code_make(li, hook.pk), code_make(li, hook.pk)
    assert write(hook, first).state == "refused"
    assert write(hook, second).state == "done"


def test_a_code_lives_ten_minutes(hook: Connection, li: User, monkeypatch: pytest.MonkeyPatch) -> None:
    code = code_make(li, hook.pk)
    later = clock.now() + dt.timedelta(minutes=10)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert write(hook, code).state == "refused"
    assert links() == []


def test_a_code_is_for_one_messenger_and_for_people_who_are_here(hook: Connection, li: User) -> None:
    elsewhere = webhook_register("elsewhere")
    code = code_make(li, hook.pk)
    assert write(elsewhere, code).state == "refused"
    User.objects.filter(pk=li.pk).update(is_active=False)
    assert write(hook, code).state == "refused"
    assert links() == []


def test_after_five_wrong_codes_the_right_one_waits(hook: Connection, li: User) -> None:
    code = code_make(li, hook.pk)
    for _try in range(5):
        assert write(hook, other_than(code)).state == "refused"
    assert "Too many wrong codes" in write(hook, code).result["message"]
    assert links() == []
    assert write(hook, code, "u-second").state == "done"  # another account has its own count


def test_somebody_elses_account_is_never_taken_over(hook: Connection, li: User) -> None:
    wang = User.objects.create_user("wang", password="x", is_active=False)
    Identity.objects.create(connection=hook, external_id="u-li", user=wang)
    assert "administrator" in write(hook, code_make(li, hook.pk)).result["message"]
    assert links() == [("u-li", "wang", "")]
    assert AuditEntry.objects.filter(action="identity.link_conflict", actor=li).count() == 1


def test_a_second_account_is_for_an_administrator_to_confirm(hook: Connection, li: User) -> None:
    Identity.objects.create(connection=hook, external_id="u-old", user=li)
    assert write(hook, code_make(li, hook.pk)).state == "refused"
    assert links() == [("u-old", "li", "")]


def test_codes_are_few_and_only_for_messengers_that_answer(hook: Connection, li: User) -> None:
    with pytest.raises(NotFound):
        code_make(li, hook.pk + 1)
    for _try in range(5):
        code_make(li, hook.pk)
    with pytest.raises(Conflict):
        code_make(li, hook.pk)
    assert LinkCode.objects.count() == 5


def test_an_ordinary_text_from_a_stranger_is_no_try(hook: Connection, li: User) -> None:
    assert write(hook, "order 200").result["message"]
    assert AuditEntry.objects.filter(action="identity.code_refused").count() == 0


def test_the_page_is_for_those_who_are_signed_in(hook: Connection) -> None:
    assert Client().post("/inbox/accounts/", {"connection": hook.pk}).status_code == 302
    assert LinkCode.objects.count() == 0
