"""A run drawn as its rule: what ran, the ways not taken, and a place in the address for each part."""

from __future__ import annotations

from django.utils.translation import override

from permissions.models import Grant
from permissions.policies import MASK
from tests.admin.conftest import Enter
from tests.company import DemoCompany
from workflows.models import Run
from workflows.selectors import run_trace
from workflows.selectors.rungraph import Node

ASKED = "/steps/0"
ORDERED = "/steps/0/buttons/create_po/then/0"


def _graph(company: DemoCompany, login: str = "analyst") -> list[Node]:
    run = Run.objects.select_related("rule", "version", "event__connection").get()
    with override("en"):
        return list(run_trace(run, company.user(login)).graph)


def test_the_way_taken_and_the_ways_that_were_not(company: DemoCompany) -> None:
    company.sell()
    assert company.answer().taken
    company.work()
    when, condition, asked, ended = _graph(company)
    assert [each.path for each in (when, condition, asked, ended)] == [
        "/trigger",
        "/condition",
        ASKED,
        "/end",
    ]
    assert (asked.mood, ended.mood, ended.title) == ("good", "good", "Done")
    taken, *others = asked.ways
    assert taken.taken and not any(each.taken for each in others)
    answer, order = taken.nodes
    assert answer.kind == "answer" and answer.title.startswith("Wei Li answered")
    assert (order.path, order.mood, order.attempts) == (ORDERED, "good", 1)
    assert order.seconds is not None and order.seconds >= 0
    assert [each.kind for each in order.hops] == ["written", "read_back"]


def test_while_a_question_is_open_its_ways_are_still_to_come(company: DemoCompany) -> None:
    company.sell()
    _when, _condition, asked = _graph(company)
    assert asked.mood == "wait"
    assert not any(way.taken for way in asked.ways)
    assert {node.mood for way in asked.ways for node in way.nodes} == {"never"}


def test_each_part_has_its_place_in_the_address(company: DemoCompany, enter: Enter) -> None:
    company.sell()
    page = enter("analyst").get(f"/admin/workflows/run/{Run.objects.get().pk}/change/").content.decode()
    for path in ("/trigger", "/condition", ASKED, ORDERED):
        assert f'id="{path}"' in page and f'href="#{path}"' in page


def test_what_the_reader_may_not_see_is_masked_in_the_drawing(company: DemoCompany) -> None:
    company.sell()
    company.answer()
    company.work()
    Grant.objects.filter(group__name="Business analysts").delete()
    order = _graph(company)[2].ways[0].nodes[1]
    assert {each.value for hop in order.hops for each in hop.fields} == {MASK}
