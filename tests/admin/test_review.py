"""The page “What would somebody see?”."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.admin.conftest import Enter, text
from tests.company import DemoCompany
from workflows.models import Run

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
