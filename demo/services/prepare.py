"""Loading the demo company into an installation. Safe to repeat; refuses a database with anybody else in it."""

from __future__ import annotations

import os
from pathlib import Path

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import transaction

from connectors.models import Connection, Event, RecordedObject
from connectors.services.connections import connection_register
from demo.company import company_create, is_down
from demo.people import GRANTS, PEOPLE
from demo.rules import STOCK_KEY, STOCK_NAME, STOCK_RULE
from kernel import clock
from kernel.errors import ConfigError
from messaging.services.channels import inbox_ensure
from permissions.models import Grant, Identity, User
from permissions.objects import object_share
from permissions.services.roles import ANALYST, roles_ensure
from workflows.models import Rule
from workflows.services.drafts import rule_create
from workflows.services.rules import rule_publish

ERP_SLUG = "demo-erp"
POLL_SECONDS = 0.5

WRITE_SET = """v_stock_levels = stock by product_code@warehouse: reorder_level, reorder_quantity
v_sales_orders = sales_orders by number: status, due_date
v_products = products by code: buyer"""


def erp_path() -> Path:
    return Path(settings.BATON_HOME) / "demo-erp.sqlite3"


def password() -> str:
    return os.environ.get("BATON_DEMO_PASSWORD") or "baton-demo"


def demo_refuse() -> None:
    """Raises ConfigError when the database is not the demo's own."""
    strangers = User.objects.filter(is_demo=False)
    if strangers.exists():
        raise ConfigError(
            "This database holds people who are not of the demo; the demo will not touch it. "
            "Use `make start` for it, or set BATON_HOME to an empty folder."
        )


def demo_prepare() -> None:
    """The company's ERP file, people, connections and the first rule."""
    demo_refuse()
    (Path(settings.BATON_HOME) / settings.BATON_DEMO_MARK).touch()
    path = erp_path()
    if not path.exists() and not is_down(path):
        company_create(path, today=clock.now().date())
    with transaction.atomic():
        _people()
    erp = _connections(path)
    _rule(erp)


def _people() -> None:
    groups = roles_ensure()
    hashed: dict[str, str] = {}
    for person in PEOPLE:
        user, created = User.objects.get_or_create(
            username=person.login,
            defaults={
                "first_name": person.first,
                "last_name": person.last,
                "email": f"{person.login}@example.com",
                "is_staff": person.is_staff,
                "is_demo": True,
            },
        )
        if created or not user.check_password(password()):
            user.password = hashed.setdefault(password(), make_password(password()))
            user.save(update_fields=["password"])
        if created:
            for name in person.groups:
                group = groups.get(name) or Group.objects.get_or_create(name=name)[0]
                user.groups.add(group)
    for name, grants in GRANTS.items():
        group = Group.objects.get_or_create(name=name)[0]
        if not group.grants.exists():
            Grant.objects.bulk_create([Grant(group=group, **grant) for grant in grants])


def _connections(path: Path) -> Connection:
    it = User.objects.get(username="it")
    inbox_ensure()
    erp = Connection.objects.filter(slug=ERP_SLUG).first()
    if erp is None:
        erp, _report = connection_register(
            it,
            name="Demo ERP",
            slug=ERP_SLUG,
            connector="erp.sql",
            values={"url": f"sqlite:///{path}", "write_set": WRITE_SET},
            poll_seconds=POLL_SECONDS,
        )
        Identity.objects.bulk_create(
            [
                Identity(connection=erp, external_id=person.login, user=User.objects.get(username=person.login),
                         linked_by="demo")
                for person in PEOPLE
            ]
        )  # fmt: skip
        analysts = Group.objects.get(name=ANALYST)
        object_share(it, analysts, erp, "view", "use")
    return erp


def _rule(erp: Connection) -> None:
    if Rule.objects.filter(key=STOCK_KEY).exists():
        return
    analyst = User.objects.get(username="analyst")
    rule = rule_create(analyst, key=STOCK_KEY, name=STOCK_NAME, connection=erp, draft=STOCK_RULE)
    object_share(analyst, Group.objects.get(name=ANALYST), rule, "view", "change", "publish")
    rule_publish(analyst, rule)


def snapshots_missing() -> list[str]:
    return [
        f"{each.connection.name}: {each.object}"
        for each in RecordedObject.objects.filter(snapshot_at__isnull=True).select_related("connection")
    ]


def played() -> bool:
    """Whether anything has ever happened in this installation."""
    return Event.objects.exists()
