"""The limits of a messenger connection in the browser: drawn from the manifest, changed by who may, kept when wrong."""

from __future__ import annotations

import datetime as dt

from connectors.models import Connection
from kernel import clock
from kernel.models import AuditEntry
from messaging.models import QuotaMonth
from tests.admin.conftest import Enter, text
from tests.company import DemoCompany
from tests.messaging.webhook import webhook_register


def test_who_may_change_the_connection_sets_its_limits(company: DemoCompany, enter: Enter) -> None:
    hook = webhook_register()
    it, auditor = enter("it"), enter("auditor", "zh-hans")
    address = f"/admin/messaging/ratebucket/connection/{hook.pk}/"
    assert address in text(it.get(f"/admin/connectors/connection/{hook.pk}/change/"))
    assert "No documented limit. Empty: none." in text(it.get(address))
    refused = it.post(address, {"connection-60": "0"})
    assert refused.status_code == 400
    assert Connection.objects.get(pk=hook.pk).limits is None
    assert it.post(address, {"connection-60": "20", "recipient-60": ""}).status_code == 302
    assert Connection.objects.get(pk=hook.pk).limits == {"connection-60": 20}
    assert AuditEntry.objects.filter(action="connection.limits", actor__username="it").count() == 1
    seen = text(auditor.get(address))
    assert "任意 60 秒内的消息总数" in seen
    assert '<form method="post" autocomplete="off">' not in seen
    assert auditor.post(address, {"connection-60": "5"}).status_code == 403
    assert Connection.objects.get(pk=hook.pk).limits == {"connection-60": 20}
    assert enter("buyer").get(address).status_code in (302, 403, 404)


def test_the_months_use_and_its_forecast_are_shown(company: DemoCompany, enter: Enter) -> None:
    hook = webhook_register()
    it, address = enter("it"), f"/admin/messaging/ratebucket/connection/{hook.pk}/"
    assert "This month" not in text(it.get(address))
    it.post(address, {"month": "100", "month_end": "next_channel"})
    assert Connection.objects.get(pk=hook.pk).limits == {"month": 100, "month_end": "next_channel"}
    tenth = dt.datetime(2026, 11, 10, 16, tzinfo=dt.UTC)
    QuotaMonth.objects.create(connection=hook, month=dt.date(2026, 11, 1), used=50)
    with clock.frozen(tenth):
        seen = text(it.get(address))
    assert "50 of 100 messages are used." in seen
    assert "At this month’s pace they are used up on 2026-11-21." in seen
    QuotaMonth.objects.update(used=95)
    with clock.frozen(tenth):
        assert "Only urgent messages go this way until 2026-12-01." in text(it.get(address))
    it.post(address, {"month": "100", "month_end": "wait"})
    assert Connection.objects.get(pk=hook.pk).limits == {"month": 100}


def test_a_connection_that_nothing_limits_has_no_such_tab(company: DemoCompany, enter: Enter) -> None:
    inbox = Connection.objects.get(slug="inbox")
    it = enter("it")
    assert "ratebucket" not in text(it.get(f"/admin/connectors/connection/{inbox.pk}/change/"))
    assert it.get(f"/admin/messaging/ratebucket/connection/{inbox.pk}/").status_code == 404
