"""The access review, and the page “What would somebody see?”."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kernel.models import AuditEntry
from permissions.models import Grant, Signature
from tests.admin.conftest import Enter, text
from tests.company import DemoCompany
from workflows.models import DisclosureMonth, Run
from workflows.services.disclosures import disclosures_fold

pytestmark = pytest.mark.database


def test_the_page_answers_in_both_languages(company: DemoCompany, enter: Enter) -> None:
    company.sell()
    event = Run.objects.get().event_id
    url = reverse("admin:workflows_seen")
    asked = {"person": "warehouse", "kind": "event", "which": f"#{event}"}
    page = text(enter("owner").post(url, asked))
    assert "Grants that were weighed" in page
    assert "with the class “Cost”" in page
    assert "•••" in page
    assert "仓库" in text(enter("owner", "zh-hans").post(url, asked))
    assert "You may not ask" not in page


def test_the_page_is_not_for_everybody_and_asks_nothing_by_itself(company: DemoCompany, enter: Enter) -> None:
    url = reverse("admin:workflows_seen")
    assert enter("it").get(url).status_code == 403
    assert enter("analyst").get(url).status_code == 200
    assert 'value="77"' in text(enter("owner").get(f"{url}?kind=event&which=77"))
    wrong = enter("owner").post(url, {"person": "buyer", "kind": "card", "which": "x"})
    assert "Enter a number, for example 12." in text(wrong)


@pytest.fixture
def line(company: DemoCompany) -> DisclosureMonth:
    company.sell()
    disclosures_fold()
    return DisclosureMonth.objects.get(user__username="buyer", field="unit_price")


def test_the_review_lists_what_left_and_an_owner_signs_and_revokes(
    line: DisclosureMonth, enter: Enter
) -> None:
    listed = reverse("admin:workflows_disclosuremonth_changelist")
    page = text(enter("owner").get(f"{listed}?month={line.month:%Y-%m}"))
    assert "Purchase price" in page
    assert "not signed" in page
    assert "未签核" in text(enter("owner", "zh-hans").get(listed))
    one = reverse("admin:workflows_disclosuremonth_change", args=[line.pk])
    buyers = Group.objects.get(name="Buyers")
    assert "Buyers keep all warehouses" in text(enter("owner").get(one))
    enter("owner").post(one, {"act": "sign", "role": buyers.pk})
    signature = Signature.objects.get()
    assert (signature.group, signature.object, signature.field_class, signature.channel) == (
        buyers,
        "stock_level",
        "cost",
        line.channel,
    )
    assert "signed by" in text(enter("auditor").get(one))
    assert enter("auditor").post(one, {"act": "withdraw", "signature": signature.pk}).status_code == 403
    enter("owner").post(one, {"act": "withdraw", "signature": signature.pk})
    assert Signature.objects.filter(ended_at=None).count() == 0
    grant = Grant.objects.get(note="Buyers keep all warehouses")
    assert enter("auditor").post(one, {"act": "end", "grant": grant.pk}).status_code == 403
    enter("owner").post(one, {"act": "end", "grant": grant.pk})
    grant.refresh_from_db()
    assert grant.valid_until is not None
    assert "closed to this person by now" in text(enter("owner").get(one))


def test_a_page_of_the_review_costs_the_same_for_few_lines_and_for_many(
    line: DisclosureMonth, enter: Enter
) -> None:
    listed = reverse("admin:workflows_disclosuremonth_changelist")
    client = enter("owner")
    client.get(listed)

    def count() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get(listed).status_code == 200
        return len(caught)

    few = count()
    line.pk = None
    for number in range(30):
        DisclosureMonth.objects.create(
            **{name: getattr(line, name) for name in ("rule", "user", "channel", "connection", "object", "month")},
            field=f"f{number}", first_at=line.first_at, last_at=line.last_at,
        )  # fmt: skip
    assert count() == few


def test_the_workbook_is_downloaded_and_audited(line: DisclosureMonth, enter: Enter) -> None:
    url = reverse("admin:workflows_review_export")
    answer = enter("owner").post(url, {"month": f"{line.month:%Y-%m}"})
    assert b"".join(answer.streaming_content).startswith(b"PK")  # type: ignore[attr-defined]
    assert AuditEntry.objects.filter(action="review.exported").count() == 1
    assert enter("owner").get(url).status_code == 302
    assert enter("owner").post(url, {"month": "x"}).status_code == 302
    assert enter("analyst").post(url, {"month": f"{line.month:%Y-%m}"}).status_code == 403
    assert AuditEntry.objects.filter(action="review.exported").count() == 1
