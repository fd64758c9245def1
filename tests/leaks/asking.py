"""Surfaces on which somebody asks something: what another would see, a dry run, why, a workbook; and a digest."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from django.utils.translation import override
from rest_framework.test import APIClient

from connectors.models import Event
from kernel.errors import Rejected
from messaging.models import DIGEST, Delivery, DeliveryState, Interaction
from messaging.services.digest import digest_render
from permissions.models import User
from tests.leaks.cases import PEOPLE
from tests.leaks.company import Company
from tests.leaks.oracle import Leak, Oracle
from workflows.services.disclosures import notes_fold

API = "/api/v1"
NOBODYS = 987_654_321


class Asking:
    """One person who asks."""

    company: Company
    oracle: Oracle
    login: str
    person: User
    client: APIClient

    def _post(self, where: str, path: str, body: dict[str, Any]) -> Any:
        answer = self.client.post(path, body, format="json")
        self.company.shown(self.login, where, answer.content.decode())
        return answer

    def seen_by_others(self) -> None:
        """What another would see; of a record the asker may not see as if there were none."""
        for event in Event.objects.all():
            for other in PEOPLE:
                asked = {"person": other, "kind": "event"}
                answer = self._post("what another sees", f"{API}/seen/", {**asked, "event": event.pk})
                if not self.oracle.sees(self.login, self.company.state_of(event.after or {})):
                    absent = self.client.post(f"{API}/seen/", {**asked, "event": NOBODYS}, format="json")
                    if (answer.status_code, answer.content) != (absent.status_code, absent.content):
                        raise Leak(f"{self.login} learned by asking that there is an event #{event.pk}")

    def rule_seen_by_others(self) -> None:
        """The message of the rule; whoever is asked has been sent it, and what they are told is theirs to know."""
        for other in PEOPLE:
            self._post("what a rule tells another", f"{API}/seen/", {"person": other, "kind": "rule", "rule": self.company.rule.pk})  # fmt: skip

    def list_seen_by_others(self) -> None:
        where = {"connection": self.company.source.connection.slug, "object": "stock_level"}
        for other in PEOPLE:
            self._post("a list another sees", f"{API}/seen/", {"person": other, "kind": "list", **where})

    def preview(self) -> None:
        for event in Event.objects.all():
            self._post("a dry run", f"{API}/rules/{self.company.rule.pk}/dryrun/", {"event": event.pk})

    def why(self) -> None:
        path = f"{API}/rules/{self.company.rule.pk}/why/"
        for event in Event.objects.all():
            for query in (f"?event={event.pk}", f"?event={event.pk}&person=ann"):
                answer = self.client.get(path + query)
                self.company.shown(self.login, "why", answer.content.decode())

    def review(self) -> None:
        notes_fold()
        answer = self.client.get(f"{API}/access-review/")
        self.company.shown(self.login, "the access review", answer.content.decode())

    def export(self) -> None:
        notes_fold()
        form, kind = f"month={self._month()}", "application/x-www-form-urlencoded"
        answer = self.client.generic(
            "POST", "/admin/workflows/disclosuremonth/export/", form, content_type=kind
        )
        if answer.status_code != 200:
            return
        with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as book:  # type: ignore[attr-defined]
            for name in book.namelist():
                if name.startswith("xl/worksheets/"):
                    self.company.shown(self.login, "the workbook", book.read(name).decode())

    @staticmethod
    def _month() -> str:
        newest = Delivery.objects.filter(sent_at__isnull=False).order_by("-sent_at").first()
        return f"{newest.sent_at:%Y-%m}" if newest is not None and newest.sent_at is not None else "2026-01"

    def digest(self) -> None:
        """What waits for this person becomes lines of one message; each is judged when it is written."""
        mine = Delivery.objects.filter(user=self.person).exclude(state=DeliveryState.REFUSED)
        first = mine.select_related("connection").first()
        if first is None:
            return
        carrier = Interaction.objects.create(handler=DIGEST)
        digest = Delivery.objects.create(
            interaction=carrier, connection=first.connection, user=self.person, address=first.address
        )
        mine.exclude(pk=digest.pk).update(state=DeliveryState.THROUGH, through=digest)
        try:
            with override("en"):
                message = digest_render(carrier, self.person)
        except Rejected:
            return
        self.company.shown(self.login, "a digest", f"{message.title} {message.body}", told=True)
