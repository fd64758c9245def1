"""What left the ERP is added up per month, once, with what was hidden; signed, revoked, exported and reported."""

from __future__ import annotations

import datetime as dt
import zipfile
from typing import IO

import pytest
from django.contrib.auth.models import Group

from kernel import clock
from kernel.errors import PermissionDenied, Rejected
from kernel.models import AuditEntry
from kernel.text import Localized
from messaging.models import Delivery, Disclosure, Interaction
from permissions.bundles import OPEN
from permissions.models import Grant, Signature, User
from permissions.policies import Gate
from permissions.services.roles import OWNER, roles_ensure
from permissions.services.signing import grant_end, signature_sign, signature_withdraw
from tests.workflows.engine.source import LONG_AGO, Source
from workflows.models import AccessReport, DisclosureMonth, Rule
from workflows.selectors.disclosed import lines_of
from workflows.services import accessreport, workbook
from workflows.services.disclosures import disclosures_fold, notes_fold
from workflows.services.workbook import review_workbook, workbook_write

pytestmark = pytest.mark.database
CARD = {
    "title": "Low: {{ record.product_code }}",
    "body": "{{ record.unit_price | append: '!' }}",
    "fields": [{"name": "on_hand"}],
    "recipients": [{"type": "user", "username": "li"}, {"type": "user", "username": "wang"}],
}


@pytest.fixture
def source(db: None) -> Source:
    found = Source()
    wang = User.objects.create_user("wang", language="en", time_zone="UTC")
    Grant.objects.create(
        user=wang,
        objects_covered=["stock_level"],
        verbs=["told"],
        scopes={"warehouse": ["*"]},
        valid_from=LONG_AGO,
    )
    found.rule(params=CARD)
    return found


@pytest.fixture
def owner(source: Source) -> User:
    person = User.objects.create_user("owner", language="en", time_zone="UTC")
    person.groups.add(roles_ensure()[OWNER])
    return person


def tell(source: Source, sku: str = "A") -> None:
    source.tell(120, 50, price="17.35", sku=sku)
    source.work()


def account() -> dict[tuple[str, str], tuple[int, int]]:
    rows = DisclosureMonth.objects.select_related("user")
    return {(each.user.username, each.field): (each.shown, each.hidden) for each in rows}


def test_each_field_counts_once_per_message_shown_or_hidden(source: Source) -> None:
    tell(source)
    notes_fold()
    assert account() == {
        ("li", "product_code"): (1, 0),
        ("li", "on_hand"): (1, 0),
        ("li", "unit_price"): (1, 0),
        ("wang", "product_code"): (1, 0),
        ("wang", "on_hand"): (1, 0),
        ("wang", "unit_price"): (0, 1),
    }
    row = DisclosureMonth.objects.get(user__username="wang", field="unit_price")
    assert (row.rule, row.channel, row.connection) == (Rule.objects.get(), source.inbox, source.connection)
    assert row.month == clock.now().astimezone(dt.UTC).date().replace(day=1)


def test_folding_again_adds_nothing_and_more_messages_add_up(source: Source) -> None:
    tell(source)
    assert disclosures_fold() > clock.now()
    assert notes_fold() == 0
    assert not Disclosure.objects.exists()
    tell(source, "B")
    disclosures_fold()
    assert account()["li", "unit_price"] == (2, 0)
    assert DisclosureMonth.objects.count() == 6


def test_a_refused_message_and_a_field_without_a_value_are_not_in_the_account(source: Source) -> None:
    Grant.objects.filter(user__username="wang").delete()
    source.tell(120, 50)
    source.work()
    notes_fold()
    assert set(account()) == {("li", "product_code"), ("li", "on_hand")}


def test_a_note_of_what_is_gone_holds_up_nobody(source: Source) -> None:
    Disclosure.objects.create(told=[[987_654_321, []]])
    tell(source)
    Interaction.objects.update(card={"title": "{{ broken", "data": {}})
    assert notes_fold() == 2
    assert account() == {}


def test_what_baton_tells_of_itself_leaves_no_note(source: Source, owner: User) -> None:
    accessreport.report_send(owner, dt.date(2026, 9, 1), Localized("a", "b"), Localized("c", "d"))
    source.work()
    assert Delivery.objects.filter(user=owner, state="delivered").count() == 1
    assert not Disclosure.objects.exists()


def signed(username: str, field: str) -> Signature | None:
    row = DisclosureMonth.objects.get(user__username=username, field=field)
    (line,) = lines_of([row])
    return line.signature


def test_signing_for_a_role_covers_its_people_and_that_class_only(source: Source, owner: User) -> None:
    tell(source)
    notes_fold()
    role = Group.objects.create(name="Buyers")
    role.user_set.add(source.person)
    made = signature_sign(owner, role, "stock_level", "cost", source.inbox)
    assert signature_sign(owner, role, "stock_level", "cost", source.inbox) == made
    assert signed("li", "unit_price") == made
    assert signed("li", "on_hand") is None
    assert signed("wang", "unit_price") is None
    signature_withdraw(owner, made.pk)
    assert signed("li", "unit_price") is None
    kinds = ["signature.signed", "signature.withdrawn"]
    assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))[-2:] == kinds


def test_only_owners_sign_and_a_class_must_be_one(source: Source, owner: User) -> None:
    with pytest.raises(PermissionDenied):
        signature_sign(source.person, source.person, "stock_level", "cost", None)
    with pytest.raises(Rejected):
        signature_sign(owner, source.person, "stock_level", "everything", None)
    assert not Signature.objects.exists()


def test_revoking_ends_the_grant_for_the_gate_at_once(source: Source, owner: User) -> None:
    grant = Grant.objects.get(user=source.person)
    with pytest.raises(PermissionDenied):
        grant_end(source.person, grant.pk)
    assert [each.id for each in Gate(source.person).bundles] == [*(each.id for each in OPEN), grant.pk]
    grant_end(owner, grant.pk)
    assert Gate(source.person).bundles == OPEN
    assert AuditEntry.objects.latest("pk").action == "grant.ended"


def cells(file: IO[bytes]) -> str:
    with zipfile.ZipFile(file) as book:
        return book.read("xl/worksheets/sheet1.xml").decode()


def test_the_workbook_holds_texts_never_formulas(source: Source, owner: User) -> None:
    rule = Rule.objects.get()
    rule.name = {"en": '=HYPERLINK("http://x")', "zh-hans": "=1+1"}
    rule.save()
    tell(source)
    notes_fold()
    sheet = cells(review_workbook(owner, DisclosureMonth.objects.all(), "2026-10"))
    assert sheet.count("<row ") == 7
    assert "=HYPERLINK" in sheet
    assert "<f>" not in sheet
    assert AuditEntry.objects.latest("pk").detail == {"rows": 6}
    bare = cells(workbook_write("T", ["a"], [["@SUM(1)"], ["+1"], [3]]))
    assert bare.count('t="inlineStr"') == 3
    assert "<v>3</v>" in bare


def test_a_workbook_is_bounded(source: Source, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(source)
    notes_fold()
    monkeypatch.setattr(workbook, "MOST_ROWS", 5)
    with pytest.raises(Rejected, match="More than 5 rows"):
        review_workbook(owner, DisclosureMonth.objects.all(), "2026-10")
    assert not AuditEntry.objects.filter(action="review.exported").exists()


def test_the_report_of_a_month_comes_once_and_in_the_morning(source: Source, owner: User) -> None:
    tell(source)
    notes_fold()
    DisclosureMonth.objects.update(month=dt.date(2026, 9, 1))
    with clock.frozen(dt.datetime(2026, 10, 1, 7, 59, tzinfo=dt.UTC)):
        accessreport.access_reports_send()
        assert not AccessReport.objects.exists()
    with clock.frozen(dt.datetime(2026, 10, 1, 8, 0, tzinfo=dt.UTC)):
        accessreport.access_reports_send()
        accessreport.access_reports_send()
    report = AccessReport.objects.get()
    assert (report.user, report.month) == (owner, dt.date(2026, 9, 1))
    card = Interaction.objects.get(source_event_id=f"access-report-{report.pk}").card["data"]
    assert card["title_en"] == "Access review of 2026-09: 5 lines are not signed"
    assert card["body_en"].startswith("3 fields of 1 kinds of records left the ERP for 2 people by 1 rules.")


def test_a_month_in_which_nothing_left_is_not_reported(source: Source, owner: User) -> None:
    with clock.frozen(dt.datetime(2026, 10, 1, 9, 0, tzinfo=dt.UTC)):
        accessreport.access_reports_send()
    assert not AccessReport.objects.exists()
