"""Many rows in one statement: what is stored is what the ORM would have stored, on either database."""

from __future__ import annotations

import datetime as dt
import json
import threading
import uuid
from typing import Any

import pytest
from django.db import IntegrityError, connection, models, transaction

from connectors.models import Connection, Event, Record
from kernel import clock
from kernel.keys import keys_reserve
from kernel.rows import row_new, rows_insert, rows_insert_new, rows_update
from messaging.models import Delivery, Interaction
from permissions.models import User
from workflows.models import Rule, RuleVersion, Run, Step

UNIQUE = ("connection_id", "dedupe_key")
MOMENT = dt.datetime(2026, 11, 22, 10, 30, 15, 123456, tzinfo=dt.UTC)
ELSEWHERE = dt.datetime(2026, 11, 22, 18, 30, tzinfo=dt.timezone(dt.timedelta(hours=8)))
TEXT = "螺栓 😀 \"quoted\" 'single' back\\slash %s {}\ttab\nline"
DEEP: dict[str, Any] = {
    "数": {"list": [1, -0.5, True, False, None, "", {}, [], [[{"a": None}]]], "😀": TEXT},
    "whole": [2**63 - 1, -(2**63), 2**64, -(10**30), 10**25 + 1],
    "empty": {},
}
SMALL = {"a": [None, 0.25, "螺"]}


@pytest.fixture
def shop(db: None) -> Connection:
    return Connection.objects.create(name="店", slug="shop", connector="erp.webhook", kind="erp")


def _event(shop: Connection, dedupe_key: str, **values: Any) -> Event:
    return Event(connection=shop, change="updated", source="push", dedupe_key=dedupe_key, **values)


def _fields(row: models.Model) -> dict[str, Any]:
    return {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if not field.primary_key
    }


def _full(shop: Connection, dedupe_key: str, **more: Any) -> Event:
    return _event(
        shop,
        dedupe_key,
        **{
            "object": TEXT[:60],
            "key": "键",
            "after": DEEP,
            "before": SMALL,
            "changed": ["数量", "a"],
            "raw": [1, "b", 2**70],
            "mapping_version": 2**31 - 1,
            "occurred_at": ELSEWHERE,
            "detected_at": MOMENT,
            "available_at": MOMENT,
            "lease_owner": "x" * 32,
            "reason": TEXT,
            "cause_run_id": 2**63 - 1,
            "depth": 32767,
            "causes": [],
            **more,
        },
    )


def _bare(shop: Connection, key: str) -> Event:
    return _event(shop, key, detected_at=MOMENT, after=None, raw=None, causes=None, occurred_at=None)


@pytest.fixture
def rule(shop: Connection) -> Rule:
    return Rule.objects.create(connection=shop, key="r", name={"en": "r"})


def _delivery(shop: Connection, number: int, **more: Any) -> Delivery:
    user = User.objects.create_user(f"u{number}-{uuid.uuid4().hex[:8]}")
    interaction = Interaction.objects.create(card=SMALL, created_at=MOMENT)
    return Delivery(
        interaction=interaction,
        connection=shop,
        user=user,
        address=TEXT,
        uid=uuid.UUID(int=number),
        created_at=MOMENT,
        **more,
    )


def _all_kinds(shop: Connection, rule: Rule, number: int) -> list[models.Model]:
    """One of each table, and one with everything that may be None; equal for equal `number`, but for keys."""
    version = RuleVersion.objects.get_or_create(rule=rule, number=1, defaults={"definition": {}})[0]
    record = Record.objects.get_or_create(connection=shop, object="o", key="k")[0]
    events = [_full(shop, f"stored {number} {each}") for each in range(2)]
    for event in events:
        event.save()
    return [
        _full(shop, f"full {number}"),
        _bare(shop, f"bare {number}"),
        _delivery(shop, 2 * number, proof=DEEP, hold="quiet", held_until=ELSEWHERE, sent_at=MOMENT),
        _delivery(shop, 2 * number + 1, priority=0, available_at=None),
        Run(
            rule=rule, version=version, event=events[0], record=record, trace=DEEP, stops=3, started_at=MOMENT
        ),
        Run(
            rule=rule, version=version, event=events[1], record=None, stops=None, started_at=ELSEWHERE,
            outcome="螺栓", reason=TEXT, ended_at=MOMENT,
        ),
    ]  # fmt: skip


def _by_model(rows: list[models.Model]) -> dict[type[models.Model], list[models.Model]]:
    found: dict[type[models.Model], list[models.Model]] = {}
    for row in rows:
        found.setdefault(type(row), []).append(row)
    return found


def _as_stored(model: type[models.Model], key: Any) -> dict[str, Any]:
    """What the database holds of a row, in its own words: two rows alike differ in nothing."""
    columns = [field for field in model._meta.concrete_fields if not field.primary_key]
    quote = connection.ops.quote_name
    text = ", ".join(
        f"typeof({quote(str(each.column))}), {quote(str(each.column))}"
        if connection.vendor == "sqlite"
        else f"pg_typeof({quote(str(each.column))})::text, {quote(str(each.column))}::text"
        for each in columns
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {text} FROM {quote(model._meta.db_table)} WHERE id = %s", [key])
        row = cursor.fetchone()
    return {each.attname: row[2 * at : 2 * at + 2] for at, each in enumerate(columns)}


def _stored_alike(model: type[models.Model], key: Any) -> dict[str, Any]:
    """But for what differs by design. SQLite keeps JSON as text: how it is spaced and escaped is no difference."""
    stored = _as_stored(model, key)
    for own in ("dedupe_key", "uid", "event_id", "interaction_id", "user_id"):
        stored.pop(own, None)
    for field in model._meta.concrete_fields:
        if isinstance(field, models.JSONField) and connection.vendor == "sqlite":
            kind, text = stored[field.attname]
            stored[field.attname] = (kind, json.loads(text or "null"))
    return stored


def test_what_is_inserted_is_what_the_orm_stores_and_reads_back(shop: Connection, rule: Rule) -> None:
    by_orm, by_rows = _all_kinds(shop, rule, 1), _all_kinds(shop, rule, 2)
    for row in by_orm:
        row.save()
    with transaction.atomic():
        for model, rows in _by_model(by_rows).items():
            for row, key in zip(rows, keys_reserve({model: len(rows)})[model], strict=True):
                row.pk = key
            rows_insert(model, rows)
    for one, other in zip(by_orm, by_rows, strict=True):
        model = type(one)
        assert _fields(model._default_manager.get(pk=other.pk)) == _fields(other)
        assert _stored_alike(model, other.pk) == _stored_alike(model, one.pk)
    read = Event.objects.get(dedupe_key="full 2")
    assert read.after == DEEP
    assert (read.occurred_at, read.detected_at) == (ELSEWHERE, MOMENT)
    assert Delivery.objects.get(uid=uuid.UUID(int=4)).proof == DEEP
    assert Event.objects.filter(dedupe_key="bare 2", after__isnull=True, causes__isnull=True).count() == 1


CHANGES: dict[type[models.Model], dict[str, Any]] = {
    Event: {
        "after": None, "before": DEEP, "raw": "螺栓", "changed": [], "occurred_at": None, "reason": TEXT * 3,
        "depth": 0, "cause_run_id": None, "available_at": ELSEWHERE, "state": "planned",
    },
    Delivery: {
        "uid": None, "proof": DEEP, "held_until": None, "sent_at": ELSEWHERE, "address": "", "hold": "",
        "seen_version": 2**31 - 1, "through_id": None,
    },
    Run: {"record_id": None, "trace": [DEEP], "stops": None, "ended_at": ELSEWHERE, "outcome": "螺栓"},
}  # fmt: skip


def test_what_is_updated_is_what_the_orm_would_write(shop: Connection, rule: Rule) -> None:
    by_orm, by_rows = _all_kinds(shop, rule, 1), _all_kinds(shop, rule, 2)
    bystander = _full(shop, "bystander")
    for row in (*by_orm, *by_rows, bystander):
        row.save()
    before = _as_stored(Event, bystander.pk)
    for start, rows in ((50, by_orm), (60, by_rows)):
        for at, row in enumerate(rows):
            for name, value in CHANGES[type(row)].items():
                setattr(row, name, uuid.UUID(int=start + at) if name == "uid" else value)
    for row in by_orm:
        row.save(update_fields=[row._meta.get_field(name).name for name in CHANGES[type(row)]])
    for model, rows in _by_model(by_rows).items():
        for row in rows:
            row.last_error = "not among the names"  # type: ignore[attr-defined]
        rows_update(model, rows, list(CHANGES[model]))
    for one, other in zip(by_orm, by_rows, strict=True):
        model = type(one)
        read = _fields(model._default_manager.get(pk=other.pk))
        assert {name: read[name] for name in CHANGES[model]} == {
            name: getattr(other, name) for name in CHANGES[model]
        }
        assert _stored_alike(model, other.pk) == _stored_alike(model, one.pk)
    assert _as_stored(Event, bystander.pk) == before


def test_nothing_to_do_asks_nothing(shop: Connection, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        rows_insert(Event, [])
        rows_update(Event, [], ["reason"])
        assert rows_insert_new(Event, [], UNIQUE) == set()
        assert keys_reserve({Event: 0, Run: 0}) == {Event: [], Run: []}


def test_a_violated_constraint_stores_nothing(shop: Connection) -> None:
    def keyed(*dedupe_keys: str) -> list[Event]:
        rows = [_event(shop, each) for each in dedupe_keys]
        for row, key in zip(rows, keys_reserve({Event: len(rows)})[Event], strict=True):
            row.pk = key
        return rows

    _event(shop, "there").save()
    nobody = keyed("a", "b")
    nobody[1].change = None  # type: ignore[assignment]
    for rows in (keyed("a", "b", "there"), keyed("a", "b", "a"), nobody):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows_insert(Event, rows)
        assert list(Event.objects.values_list("dedupe_key", flat=True)) == ["there"]
    with (
        pytest.raises(IntegrityError),
        transaction.atomic(),
    ):  # another constraint than the one it is unique by
        rows_insert_new(Event, nobody, UNIQUE)
    assert Event.objects.count() == 1
    first, second = keyed("a", "b")
    rows_insert(Event, [first, second])
    second.dedupe_key = "there"
    first.reason = "changed"
    with pytest.raises(IntegrityError), transaction.atomic():
        rows_update(Event, [first, second], ["dedupe_key", "reason"])
    assert list(Event.objects.order_by("id").values_list("dedupe_key", "reason")) == [
        ("there", ""),
        ("a", ""),
        ("b", ""),
    ]


def test_only_the_new_are_inserted_and_of_two_alike_the_first(shop: Connection) -> None:
    other = Connection.objects.create(name="other", slug="other", connector="erp.webhook", kind="erp")
    _event(shop, "there", reason="stored before").save()
    _event(other, "elsewhere").save()
    full = _full(shop, "full")
    rows = [
        _event(shop, "twice", reason="first"),
        _event(shop, "there", reason="again"),
        _event(shop, "elsewhere", reason="own"),
        _event(other, "twice", reason="other"),
        _event(shop, "twice", reason="second"),
        full,
    ]
    with transaction.atomic():
        inserted = rows_insert_new(Event, rows, UNIQUE)
    assert inserted == {
        (shop.pk, "twice"),
        (shop.pk, "elsewhere"),
        (other.pk, "twice"),
        (shop.pk, "full"),
    }
    assert sorted(Event.objects.values_list("connection_id", "dedupe_key", "reason")) == sorted(
        [
            (shop.pk, "there", "stored before"),
            (other.pk, "elsewhere", ""),
            (shop.pk, "twice", "first"),
            (shop.pk, "elsewhere", "own"),
            (other.pk, "twice", "other"),
            (shop.pk, "full", full.reason),
        ]
    )
    assert _fields(Event.objects.get(dedupe_key="full")) == _fields(full)
    with transaction.atomic():
        assert rows_insert_new(Event, rows, UNIQUE) == set()
    assert Event.objects.count() == 6


def test_reserved_keys_are_new_ascending_and_never_given_twice(shop: Connection) -> None:
    _event(shop, "there").save()
    last = Event.objects.latest("id").pk
    with transaction.atomic():
        first = keys_reserve({Event: 3, Run: 0, Step: 2})
        second = keys_reserve({Event: 2})
        assert [len(first[model]) for model in (Event, Run, Step)] == [3, 0, 2]
        keys = [*first[Event], *second[Event]]
        assert keys == sorted(set(keys))
        assert keys[0] > last
        rows = [_event(shop, f"k{key}") for key in keys]
        for row, key in zip(rows, keys, strict=True):
            row.pk = key
        rows_insert(Event, rows)
        by_orm = Event.objects.create(connection=shop, change="c", source="push", dedupe_key="orm")
    assert by_orm.pk > keys[-1]
    assert list(Event.objects.order_by("id").values_list("dedupe_key", flat=True)) == [
        "there",
        *(f"k{key}" for key in keys),
        "orm",
    ]


@pytest.mark.django_db(transaction=True)
def test_two_threads_are_never_given_the_same_key() -> None:
    shop = Connection.objects.create(name="店", slug="shop", connector="erp.webhook", kind="erp")
    together = threading.Barrier(3)
    given: list[int] = []

    def work(name: int) -> None:
        try:
            together.wait(20)
            for turn in range(10):
                with transaction.atomic():
                    keys = keys_reserve({Event: 7})[Event]
                    rows = [_event(shop, f"{name} {turn} {key}") for key in keys]
                    for row, key in zip(rows, keys, strict=True):
                        row.pk = key
                    rows_insert(Event, rows)
                given.extend(keys)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(name,)) for name in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert len(given) == 3 * 10 * 7
    assert sorted(given) == list(Event.objects.order_by("id").values_list("id", flat=True))


@pytest.mark.parametrize("model", [Event, Delivery, Run, Step, Interaction])
def test_a_new_row_is_what_the_constructor_makes(model: type[models.Model]) -> None:
    with clock.frozen(MOMENT):
        one, other = row_new(model), row_new(model)
        wanted = model()
    made = {field.attname for field in model._meta.concrete_fields if isinstance(field, models.UUIDField)}
    for field in model._meta.concrete_fields:
        if field.attname in made:
            assert isinstance(getattr(one, field.attname), uuid.UUID)
            assert getattr(one, field.attname) != getattr(other, field.attname)
        else:
            assert (field.attname, getattr(one, field.attname)) == (
                field.attname,
                getattr(wanted, field.attname),
            )
        value = getattr(one, field.attname)
        if isinstance(value, dict | list):  # nobody shares a default that can change
            assert value is not getattr(other, field.attname)
    assert (one._state.adding, one._state.db) == (True, None)
    assert set(vars(one)) == set(vars(wanted))


def test_a_new_row_takes_relations_keys_and_values(shop: Connection, rule: Rule) -> None:
    event = _event(shop, "e")
    event.save()
    values: dict[str, Any] = {"pk": 77, "rule": rule, "event": event, "record": None, "version_id": 5}
    with clock.frozen(MOMENT):
        made, wanted = row_new(Run, **values, trace=DEEP), Run(**values, trace=DEEP)
    assert (made.pk, made.rule_id, made.event_id, made.record_id, made.version_id) == (
        77,
        rule.pk,
        event.pk,
        None,
        5,
    )
    assert (made.rule, made.event, made.record) == (rule, event, None)
    assert _fields(made) == _fields(wanted)
    assert made._state.fields_cache == wanted._state.fields_cache
