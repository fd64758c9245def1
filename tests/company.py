"""The demo company as tests play with it: sell, let Baton work, answer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connectors import selectors
from connectors.intake import judge
from connectors.models import Connection, RecordedObject
from demo import company as erp
from demo.company import SHOWCASE
from demo.services.prepare import ERP_SLUG, demo_prepare, erp_path
from kernel import clock, doorbell
from messaging.models import Interaction
from messaging.selectors import InboxCard, inbox_cards, inbox_interactions
from messaging.services import absence
from messaging.services.answers import AnswerResult, answer_submit
from permissions.models import User
from tests.company_template import company_lay
from workflows.engine import compiled, published


def caches_clear() -> None:
    selectors.caches_clear()
    judge.caches_clear()
    compiled.caches_clear()
    published.caches_clear()
    absence.caches_clear()


class DemoCompany:
    """One demo company in a temporary folder."""

    def __init__(self, home: Path, settings: Any) -> None:
        self.home = home
        settings.BATON_HOME = home
        settings.BATON_DEMO = True

    def prepared(self) -> DemoCompany:
        company_lay(self.home, self._prepare)
        caches_clear()
        return self

    def _prepare(self) -> None:
        demo_prepare()
        Connection.objects.update(poll_seconds=3600.0)  # polled when a test says so
        self.work()

    @property
    def path(self) -> Path:
        return erp_path()

    @property
    def connection(self) -> Connection:
        return Connection.objects.get(slug=ERP_SLUG)

    @staticmethod
    def user(login: str) -> User:
        return User.objects.get(username=login)

    def work(self) -> int:
        """Poll now and let every queue run empty."""
        RecordedObject.objects.update(available_at=clock.now(), lease_until=None)
        return doorbell.drain_all()

    def sell(
        self, quantity: int = SHOWCASE[2], item: str = SHOWCASE[0], warehouse: str = SHOWCASE[1]
    ) -> None:
        erp.sell(self.path, item, warehouse, quantity)
        self.work()

    def receive(self, quantity: int, item: str = SHOWCASE[0], warehouse: str = SHOWCASE[1]) -> None:
        erp.receive(self.path, item, warehouse, quantity)
        self.work()

    def sql(self, statement: str, *values: Any) -> None:
        """Change the ERP with plain SQL, as anybody might."""
        import sqlite3

        with sqlite3.connect(self.path) as connection:
            connection.execute(statement, values)
        connection.close()

    def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """What the ERP holds, as plain SQL reads it."""
        import sqlite3

        connection = sqlite3.connect(self.path)
        connection.row_factory = sqlite3.Row
        found = [dict(row) for row in connection.execute(statement, values)]
        connection.close()
        return found

    def orders(self) -> list[erp.PurchaseOrder]:
        """Purchase orders Baton made."""
        return [each for each in erp.orders(self.path) if (each.reference or "").startswith("BATON-")]

    def cards(self, login: str = "buyer") -> list[InboxCard]:
        user = self.user(login)
        return inbox_cards(user, inbox_interactions(user))

    def interaction(self) -> Interaction:
        return Interaction.objects.select_related("record").latest("id")

    def answer(
        self,
        button: str = "create_po",
        inputs: Mapping[str, Any] | None = None,
        *,
        login: str = "buyer",
        version: int | None = None,
    ) -> AnswerResult:
        return answer_submit(
            self.interaction().pk, self.user(login), button, inputs or {}, version=version, channel="im.inbox"
        )
