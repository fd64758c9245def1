"""Group chats in the administration: looked for and set by IT, read by auditors, hidden from everybody else."""

from __future__ import annotations

import json

import pytest

from kernel.http import HttpClient, HttpRequest, HttpResponse
from kernel.models import AuditEntry
from messaging.models import GroupChat
from tests.admin.conftest import Enter, text
from tests.company import DemoCompany
from tests.messaging.webhook import webhook_register

LIST = "/admin/messaging/groupchat/"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What the receiver says of its group chats."""
    answer: dict[str, object] = {"groups": [{"id": "g-1", "name": "采购群"}]}

    def send(_client: HttpClient, _request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, {}, json.dumps(answer).encode())

    monkeypatch.setattr(HttpClient, "send", send)
    return answer


def test_it_looks_for_chats_and_says_what_happens_when_not_all_may_see(
    company: DemoCompany, enter: Enter, told: dict[str, object]
) -> None:
    hook = webhook_register()
    it = enter("it", "zh-hans")
    assert "查找群聊" in text(it.get(LIST))
    assert GroupChat.objects.count() == 0
    assert it.post(LIST, {"connection": hook.pk}).status_code == 302
    chat = GroupChat.objects.get()
    assert (chat.ref, chat.name, chat.otherwise) == ("hook:g-1", "采购群", "split")
    page = f"{LIST}{chat.pk}/change/"
    assert "尚不知道群内有哪些成员" in text(it.get(page))
    wrong = {"act": "save", "otherwise": "everything", "fresh_seconds": "300", "language": "en"}
    it.post(page, wrong)
    it.post(page, {**wrong, "otherwise": "block", "fresh_seconds": "1"})
    chat.refresh_from_db()
    assert (chat.otherwise, chat.fresh_seconds) == ("split", 300)
    it.post(page, {**wrong, "otherwise": "block", "fresh_seconds": "60"})
    chat.refresh_from_db()
    assert (chat.otherwise, chat.fresh_seconds, chat.language) == ("block", 60, "en")
    assert AuditEntry.objects.filter(action="group_chat.changed", actor__username="it").count() == 1


def test_a_receiver_that_tells_no_chats_is_an_error_with_its_reason(
    company: DemoCompany, enter: Enter, told: dict[str, object]
) -> None:
    hook = webhook_register()
    told.clear()
    answer = enter("it").post(LIST, {"connection": hook.pk}, follow=True)
    assert "The receiver does not tell its group chats" in text(answer)
    assert GroupChat.objects.count() == 0


def test_others_neither_see_nor_change_them(
    company: DemoCompany, enter: Enter, told: dict[str, object]
) -> None:
    hook = webhook_register()
    chat = GroupChat.objects.create(connection=hook, external_id="g-1", name="Team")
    page = f"{LIST}{chat.pk}/change/"
    auditor = enter("auditor")
    assert auditor.get(page).status_code == 200
    assert "Look for group chats" not in text(auditor.get(LIST))
    given = {"act": "save", "otherwise": "link", "fresh_seconds": "60", "language": "en"}
    assert auditor.post(page, given).status_code == 403
    assert auditor.post(LIST, {"connection": hook.pk}).status_code == 403
    analyst = enter("analyst")
    assert analyst.get(page).status_code == 404
    assert analyst.get(LIST).status_code == 403
    chat.refresh_from_db()
    assert (chat.otherwise, GroupChat.objects.count()) == ("split", 1)
