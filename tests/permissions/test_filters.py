"""The filter says the same as the gate, for every record and whatever is granted."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.models import Connection, Record
from connectors.services.extensions import extension_save
from kernel.generation import generations_held
from messaging.models import Interaction
from permissions.filters import visible_records, visible_records_filter
from permissions.models import Grant, Identity, User, Verb
from permissions.policies import Gate, record_decide

pytestmark = pytest.mark.django_db
VALUES = ("", "A", "B", "@own", "na")
NAMES = ("customer", "stock_level", "purchase_order", "x_visit", "product")

values = st.lists(st.sampled_from(["A", "B", "*", "@own", "na", ""]), max_size=3)
scopes = st.dictionaries(
    st.sampled_from(["company", "salesperson", "warehouse", "region"]), values, max_size=4
)
grants = st.lists(
    st.fixed_dictionaries(
        {
            "objects_covered": st.lists(st.sampled_from([*NAMES, "*"]), min_size=1, max_size=3),
            "verbs": st.lists(st.sampled_from(Verb.values), max_size=4),
            "scopes": scopes,
            "field_classes": st.lists(st.sampled_from(["cost", "credit", "*"]), max_size=2),
        }
    ),
    max_size=5,
)


@pytest.fixture
def world() -> User:
    """Records of five objects with every mix of values, at two connections; one of them needs other dimensions."""
    person = User.objects.create_user("na", language="en")
    erps = [
        Connection.objects.create(name=slug, slug=slug, connector="erp.webhook", kind="erp") for slug in "ab"
    ]
    Identity.objects.create(connection=erps[0], external_id="na", user=person)
    Identity.objects.create(connection=erps[1], external_id="@own", user=person)
    extension_save(None, erps[1], "customer", {"needs": ["region", "company"]})
    visit = {"fields": [{"name": "x_who", "dimension": "salesperson"}], "needs": ["salesperson"]}
    extension_save(None, erps[0], "x_visit", visit)
    Record.objects.bulk_create(
        Record(connection=erp, object=name, key=f"{company}|{seller}", company=company,
               salesperson=seller, warehouse=seller, region=company)
        for erp, name, company, seller in product(erps, NAMES, VALUES, VALUES)
    )  # fmt: skip
    return person


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(granted=grants, verb=st.sampled_from(Verb.values), wanted=st.sampled_from(["", "cost", "credit"]))
def test_filter_and_gate_agree(world: User, granted: list[dict[str, Any]], verb: str, wanted: str) -> None:
    Grant.objects.all().delete()
    Grant.objects.bulk_create(Grant(user=world, **each) for each in granted)
    gate = Gate(world)
    records = list(Record.objects.all())
    with generations_held():
        decided = [(each, record_decide(gate, each, verb)) for each in records]
    allowed = {each.pk: each.object for each, found in decided
               if found.allowed and (not wanted or found.opens([wanted]))}  # fmt: skip
    classes = [wanted] if wanted else []
    found = visible_records(gate, verb, classes=classes)
    assert set(found.values_list("pk", flat=True)) == allowed.keys()
    customers = visible_records(gate, verb, classes=classes, names=["customer"])
    assert set(customers.values_list("pk", flat=True)) == {
        pk for pk, name in allowed.items() if name == "customer"
    }


def test_a_thousand_grants_are_still_one_query(world: User, django_assert_num_queries: Any) -> None:
    Grant.objects.bulk_create(
        Grant(user=world, objects_covered=["customer"], verbs=["see"],
              scopes={"company": [f"C{number}"], "salesperson": [f"S{number}"]})
        for number in range(1_000)
    )  # fmt: skip
    Grant.objects.create(
        user=world, objects_covered=["customer"], verbs=["see"],
        scopes={"company": ["A"], "salesperson": ["@own"]},
    )  # fmt: skip
    gate = Gate(world)
    visible_records(gate)
    with django_assert_num_queries(2):  # one of them asks whether the dictionary moved
        assert [each.key for each in visible_records(gate)] == ["A|na"]


def test_it_reaches_through_what_points_to_a_record(world: User) -> None:
    Grant.objects.create(
        user=world, objects_covered=["stock_level"], verbs=["told"], scopes={"warehouse": ["A"]}
    )
    for record in Record.objects.filter(object="stock_level", company="B", connection__slug="a"):
        Interaction.objects.create(record=record, handler="x", handler_ref=record.key)
    gate = Gate(world)
    told = Interaction.objects.filter(visible_records_filter(gate, Verb.TOLD, prefix="record__"))
    assert [each.handler_ref for each in told] == ["B|A"]
    seen = Interaction.objects.filter(visible_records_filter(gate, prefix="record__"))
    assert list(seen) == []


def test_a_leaver_lists_nothing(world: User) -> None:
    Grant.objects.create(user=world, objects_covered=["product"], verbs=["see"])
    assert visible_records(Gate(world)).count() == 50
    User.objects.update(is_active=False)
    assert visible_records(Gate(world)).count() == 0
