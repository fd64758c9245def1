"""What would somebody see? The same as that person gets; never more than the asker may see; always audited."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.models import Record
from kernel.models import AuditEntry
from messaging.models import Interaction
from permissions.models import Grant
from tests.api.conftest import Speak
from tests.company import DemoCompany
from tests.figures import figure_in
from workflows.models import Rule, Run

pytestmark = pytest.mark.database
URL = "/api/v1/seen/"


def ask(speak: Speak, asker: str, person: str, kind: str, **what: Any) -> Any:
    return speak(asker).post(URL, {"person": person, "kind": kind, **what}, format="json")


def fields(answer: Any) -> dict[str, dict[str, Any]]:
    assert answer.status_code == 200, answer.content
    return {each["name"]: each for each in answer.json()["fields"]}


def asked() -> int:
    return AuditEntry.objects.filter(action="access.asked").count()


@pytest.fixture
def event(company: DemoCompany) -> int:
    company.sell()
    return int(Run.objects.get().event_id)


@pytest.fixture
def record(event: int) -> dict[str, str]:
    found = Run.objects.get().record
    assert found is not None
    return {"connection": found.connection.slug, "object": found.object, "key": found.key}


def test_a_buyer_sees_cost_and_by_which_grant(speak: Speak, record: dict[str, str]) -> None:
    answer = ask(speak, "owner", "buyer", "record", **record)
    price = fields(answer)["unit_price"]
    grant = Grant.objects.get(note="Buyers keep all warehouses").pk
    assert (price["shown"], price["mine"], price["grants"], price["why"]) == ("shown", True, [grant], "")
    assert price["value"] == fields(ask(speak, "buyer", "buyer", "record", **record))["unit_price"]["value"]
    assert answer.json()["may"] == {"told": True, "answer": True, "approve": False, "export": False}
    assert asked() == 2


def test_without_the_class_it_is_masked_and_says_what_it_takes(speak: Speak, record: dict[str, str]) -> None:
    answer = ask(speak, "owner", "warehouse", "record", **record)
    price = fields(answer)["unit_price"]
    assert (price["value"], price["shown"], price["mine"], price["grants"]) == ("•••", "masked", True, [])
    warehouse = Record.objects.get(key=record["key"], object="stock_level").warehouse
    assert price["why"] == (
        f"It takes one grant on Stock level with the class “Cost” that covers: Warehouse {warehouse}."
    )
    assert fields(answer)["on_hand"]["shown"] == "shown"


def test_somebody_without_a_grant_gets_nothing_and_the_reasons_say_why(
    speak: Speak, record: dict[str, str]
) -> None:
    answer = ask(speak, "owner", "sales", "record", **record).json()
    assert answer["allowed"] is False
    assert answer["reasons"][0] == "No grant for Stock level."
    assert {each["value"] for each in answer["fields"]} == {"•••"}


def test_a_grant_that_lacks_the_warehouse_is_named(speak: Speak, record: dict[str, str]) -> None:
    Grant.objects.filter(note="East only").update(scopes={"warehouse": ["NOWHERE"]})
    answer = ask(speak, "owner", "warehouse", "record", **record).json()
    warehouse = Record.objects.get(key=record["key"], object="stock_level").warehouse
    assert answer["allowed"] is False
    assert [(each["opens"], each["words"]) for each in answer["grants"]] == [
        (False, f"Does not cover: Warehouse {warehouse}.")
    ]


def test_the_asker_is_shown_no_more_than_the_asker_may_see(speak: Speak, record: dict[str, str]) -> None:
    price = str(Record.objects.get(key=record["key"], object="stock_level").data["unit_price"])
    Grant.objects.filter(note="Data owners").update(field_classes=[])
    answer = ask(speak, "owner", "buyer", "record", **record)
    found = fields(answer)["unit_price"]
    assert (found["value"], found["shown"], found["mine"]) == ("•••", "shown", False)
    assert not figure_in(price, answer.content.decode())


def test_what_the_asker_may_not_see_is_as_if_it_were_not_there(
    speak: Speak, record: dict[str, str], event: int
) -> None:
    Grant.objects.filter(note="Data owners").delete()
    card = Interaction.objects.get().uid
    nowhere = ask(speak, "owner", "buyer", "record", **{**record, "key": "nothing"})
    for answer in (
        ask(speak, "owner", "buyer", "record", **record),
        ask(speak, "owner", "buyer", "event", event=event),
        ask(speak, "owner", "buyer", "card", card=str(card)),
        ask(speak, "owner", "buyer", "rule", rule=Rule.objects.get().pk),
        ask(speak, "owner", "buyer", "list", connection=record["connection"], object=record["object"]),
    ):
        assert (answer.status_code, answer.json()) == (404, nowhere.json())
    assert asked() == 0


def test_a_card_reads_as_that_person_reads_it(speak: Speak, company: DemoCompany, event: int) -> None:
    answer = ask(speak, "owner", "buyer", "card", card=str(Interaction.objects.get().uid)).json()
    [own] = company.cards("buyer")
    assert answer["allowed"] is True
    assert answer["message"]["title"] == own.message.title
    assert [each["value"] for each in answer["message"]["fields"]] == [
        each.value for each in own.message.fields
    ]
    other = ask(speak, "owner", "buyer2", "card", card=str(Interaction.objects.get().uid)).json()
    assert (other["allowed"], other["message"]) == (False, None)
    assert other["reasons"] == ["It was not sent to them: its link opens nothing for them."]


def test_a_designer_asks_for_the_own_rule_only(speak: Speak, event: int) -> None:
    rule = Rule.objects.get().pk
    answer = ask(speak, "analyst", "buyer", "rule", rule=rule, event=event).json()
    assert answer["allowed"] is True
    assert answer["message"]["buttons"]
    assert answer["grants"] == []  # an analyst may not read grants
    assert ask(speak, "analyst", "sales", "rule", rule=rule, event=event).json()["message"] is None
    assert ask(speak, "analyst", "buyer", "event", event=event).status_code == 403
    assert ask(speak, "buyer2", "buyer", "rule", rule=rule).status_code == 403


def test_a_list_shows_what_both_may_see(speak: Speak, record: dict[str, str]) -> None:
    where = {"connection": record["connection"], "object": "stock_level"}
    everything = ask(speak, "owner", "buyer", "list", **where).json()
    Grant.objects.filter(note="Data owners").update(scopes={"warehouse": ["NOWHERE"]})
    assert len(everything["rows"]) == min(20, Record.objects.filter(object="stock_level").count())
    assert ask(speak, "owner", "buyer", "list", **where).json()["rows"] == []


def test_who_may_not_ask_learns_nothing_about_people(speak: Speak, event: int) -> None:
    there, nobody = (ask(speak, "sales", name, "event", event=event) for name in ("buyer", "nobody"))
    assert (there.status_code, there.json()) == (nobody.status_code, nobody.json())
    assert there.status_code == 403
    assert ask(speak, "owner", "nobody", "event", event=event).status_code == 404


def test_a_question_that_lacks_something_says_what(speak: Speak, event: int) -> None:
    answer = ask(speak, "owner", "buyer", "record", connection="demo")
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"object", "key"}
