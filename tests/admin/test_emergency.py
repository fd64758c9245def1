"""The pages of emergency access."""

from __future__ import annotations

import pytest
from django.urls import reverse

from permissions.models import BreakGlass
from tests.admin.conftest import Enter, text
from tests.company import DemoCompany

pytestmark = pytest.mark.database
GIVEN = {"objects": ["stock_level"], "classes": ["cost"], "reason": "轮询停在某一行，需要核对原始数据，请知悉。", "minutes": 30}  # fmt: skip


def test_it_opens_with_a_reason_and_an_owner_ends_it(company: DemoCompany, enter: Enter) -> None:
    url = reverse("admin:permissions_breakglass_add")
    assert "The data owners are told now" in text(enter("it").get(url))
    assert "at least 15 characters" in text(enter("it").post(url, {**GIVEN, "reason": "why"}))
    enter("it", "zh-hans").post(url, GIVEN)
    opened = BreakGlass.objects.get()
    page = reverse("admin:permissions_breakglass_change", args=[opened.pk])
    assert "紧急访问" in text(enter("owner", "zh-hans").get(page))
    assert enter("analyst").get(page).status_code in (302, 404)
    assert "End it now" not in text(enter("auditor").get(page))
    enter("owner").post(page, {"act": "end"})
    opened.refresh_from_db()
    assert opened.ended_by == company.user("owner")
    assert str(GIVEN["reason"]) in text(
        enter("auditor").get(reverse("admin:permissions_breakglass_changelist"))
    )


def test_nobody_else_opens_anything(company: DemoCompany, enter: Enter) -> None:
    url = reverse("admin:permissions_breakglass_add")
    for login in ("owner", "auditor", "analyst"):
        assert enter(login).post(url, GIVEN).status_code == 403
    assert not BreakGlass.objects.exists()
