"""A dry run tells what would happen, exactly as it would, to whom; it does nothing, and tells nobody more than they may see."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from connectors.services.connections import connection_register
from messaging.card import card_render
from messaging.models import Delivery, Interaction
from permissions.models import Grant, Identity
from permissions.objects import object_unshare
from permissions.policies import MASK, may_see_record
from permissions.services.roles import ANALYST
from tests.api.conftest import Speak, written
from tests.company import DemoCompany
from tests.figures import figure_in
from workflows.models import Rule, Run

pytestmark = pytest.mark.database
VALUES = {
    "product_code": "X-1",
    "product_name": "Bolt",
    "warehouse": "EAST",
    "on_hand": "5",
    "reorder_level": "10",
    "reorder_quantity": "40",
    "unit_price": "12.5",
    "currency": "CNY",
    "buyer": "buyer",
}


def url() -> str:
    return f"/api/v1/rules/{Rule.objects.get().pk}/dryrun/"


def with_params(**params: Any) -> dict[str, Any]:
    draft: dict[str, Any] = copy.deepcopy(Rule.objects.get().draft)
    draft["steps"][0]["params"] |= params
    return draft


def test_a_recorded_event_shows_what_was_really_sent(company: DemoCompany, speak: Speak) -> None:
    company.sell()
    analyst, event = speak("analyst"), Run.objects.get().event
    with CaptureQueriesContext(database) as caught:
        answer = analyst.post(url(), {"event": event.pk})
    assert written(caught) == []
    assert answer.status_code == 200, answer.json()
    found = answer.json()
    assert (found["verdict"], found["fires"], found["text"]) == ("true", True, "It would fire.")
    assert found["condition"]["verdict"] == "true"
    assert [each["label"] for each in found["condition"]["seen"]] == ["On hand", "Reorder level"]
    (told,) = found["people"]
    assert (told["username"], told["purpose"], told["masked"]) == ("buyer", "recipient", [])

    sent = Delivery.objects.select_related("interaction__record").get()
    buyer = company.user("buyer")
    assert sent.interaction.record is not None
    really = card_render(sent.interaction, buyer, may_see_record(buyer, sent.interaction.record)).as_json()
    (drawn,) = found["messages"]
    own = {"id", "event_id", "link"}
    assert {name: value for name, value in drawn["message"].items() if name not in own} == {
        name: value for name, value in json.loads(json.dumps(really)).items() if name not in own
    }
    assert drawn["payload"]["title"] == really["title"]
    assert {each["connector"] for each in found["elsewhere"]} == {"im.inbox", "im.webhook"}
    assert found["buttons"] == [
        {"key": "create_po", "label": "Create PO", "follows": ["create a purchase order"]},
        {"key": "not_now", "label": "Not now", "follows": []},
    ]
    assert (Interaction.objects.count(), Delivery.objects.count()) == (1, 1)


def test_typed_values_say_why_or_why_not(company: DemoCompany, speak: Speak) -> None:
    analyst = speak("analyst")

    def tried(**changes: Any) -> tuple[str, bool, str, int]:
        body = {"values": {**VALUES, **changes.pop("values", {})}, **changes}
        found = analyst.post(url(), body).json()
        return found["verdict"], found["fires"], found["text"], len(found["messages"])

    assert tried() == ("true", True, "It would fire, taken that the condition was not true before.", 1)
    assert tried(values={"on_hand": "10"})[:2] == ("false", False)
    assert tried(values={"on_hand": None})[:2] == ("unknown", False)
    was = {**VALUES, "on_hand": "7"}
    assert tried(before=was) == ("true", False, "It was already true before this change.", 0)
    assert tried(before={**VALUES, "on_hand": "12"}) == ("true", True, "It would fire.", 1)
    assert tried(change="gone") == ("unknown", False, "This kind of change does not start the rule.", 0)


def test_each_person_s_message_holds_what_that_person_may_see(company: DemoCompany, speak: Speak) -> None:
    people = [{"type": "user", "username": name} for name in ("buyer", "warehouse", "sales")]
    found = speak("analyst").post(url(), {"values": VALUES, "draft": with_params(recipients=people)}).json()
    assert [(each["username"], each["masked"]) for each in found["people"]] == [
        ("buyer", []),
        ("warehouse", ["Purchase price"]),
    ]
    shown = {each["username"]: each for each in found["messages"]}
    prices = {
        name: next(field["value"] for field in each["message"]["fields"] if field["name"] == "unit_price")
        for name, each in shown.items()
    }
    assert prices["warehouse"] == MASK
    assert "12.5" in prices["buyer"]
    assert found["notes"] == ["Na Wu may not see this record: No grant for Stock level."]


def test_a_preview_tells_the_asker_nothing_hidden(company: DemoCompany, speak: Speak) -> None:
    Grant.objects.filter(group__name=ANALYST).update(field_classes=[])
    rule = Rule.objects.get()
    rule.owner = company.user("owner")
    rule.save()
    company.sell()
    event = Run.objects.get().event
    price = str((event.after or {})["unit_price"])
    analyst = speak("analyst")
    answer = analyst.post(url(), {"event": event.pk})
    found = answer.json()
    assert found["fires"] is True
    assert not figure_in(price, answer.content.decode())
    (told,) = found["messages"]
    assert next(each for each in told["message"]["fields"] if each["name"] == "unit_price")["value"] == MASK

    draft = copy.deepcopy(rule.draft)
    draft["condition"] = {">": [{"var": "record.unit_price"}, 0]}
    for threshold in (0, 10**9):
        draft["condition"][">"][1] = threshold
        found = analyst.post(url(), {"event": event.pk, "draft": draft}).json()
        assert (found["verdict"], found["fires"], found["condition"]) == ("hidden", False, None)
        assert (found["messages"], found["people"]) == ([], [])
    Grant.objects.filter(group__name=ANALYST).update(scopes={"warehouse": ["NOWHERE"]})
    refused = analyst.post(url(), {"event": event.pk})
    assert (refused.status_code, refused.json()["detail"]) == (403, "You may not see this record.")


def test_messengers_draw_the_message_themselves(company: DemoCompany, speak: Speak) -> None:
    channel, _report = connection_register(
        None,
        name="Chat",
        slug="chat",
        connector="im.webhook",
        values={"url": "https://chat.example.com/in", "signing_secret": "whsec_" + "a" * 43},
        checked=False,
    )
    Identity.objects.create(connection=channel, external_id="li@chat", user=company.user("buyer"))
    buttons = [{"key": f"b{each}", "label": f"B{each}", "then": []} for each in range(30)]
    draft = with_params(channels=["inbox", "chat"], buttons=buttons, title="T" * 3_000)
    found = speak("analyst").post(url(), {"values": VALUES, "draft": draft}).json()
    shown = {each["channel"]: each for each in found["messages"]}
    assert shown.keys() == {"inbox", "chat"}
    chat = shown["chat"]
    assert chat["payload"]["reply_to"] == "/replies/chat/"
    assert chat["degraded"] == ["20 more buttons are reached through the link."]


def test_what_cannot_be_tried_says_so(company: DemoCompany, speak: Speak) -> None:
    analyst = speak("analyst")
    assert analyst.post(url(), {}).status_code == 400
    assert analyst.post(url(), {"event": 1, "values": {}}).status_code == 400
    assert analyst.post(url(), {"event": 10**9}).status_code == 404
    broken = analyst.post(url(), {"values": VALUES, "draft": {"schema": 1}})
    assert (broken.status_code, bool(broken.json()["problems"])) == (400, True)
    object_unshare(None, Group.objects.get(name=ANALYST), company.connection, "use")
    assert analyst.post(url(), {"values": VALUES}).status_code == 403
