"""A signed webhook whose receiver is in this process: what was posted, and what it answers."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from connectors.models import Connection
from connectors.services.connections import connection_register
from kernel.errors import BatonError
from kernel.http import HttpRequest, HttpResponse
from kernel.network import Net
from messaging.models import Delivery, Interaction
from messaging.services import lane, outbox
from messaging.services.interactions import Target, interaction_open
from permissions.models import Identity, User

Answer = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class Receiver:
    """Take it in place of the network with `monkeypatch`. `answer` may raise what a client raises."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.posted: list[Mapping[str, Any]] = []
        self.answer: Answer = lambda _body: {}

        def send(
            requests: Sequence[HttpRequest], *, allow_nets: Sequence[Net]
        ) -> list[HttpResponse | BatonError]:
            return [self._answered(json.loads(each.content)) for each in requests]

        monkeypatch.setattr(outbox, "requests_send", send)
        monkeypatch.setattr(lane, "_claims", itertools.repeat(1))  # no claim is the rest's

    def _answered(self, body: Mapping[str, Any]) -> HttpResponse | BatonError:
        try:
            said = self.answer(body)
        except BatonError as error:
            return error
        self.posted.append(body)
        return HttpResponse(200, {}, json.dumps(said).encode())

    def addresses(self) -> list[str]:
        return [str(each["address"]) for each in self.posted]


def webhook_register(slug: str = "hook", **values: Any) -> Connection:
    connection, _report = connection_register(
        None,
        name=slug,
        slug=slug,
        connector="im.webhook",
        values={"url": "http://127.0.0.1:9/", "signing_secret": "s" * 40, **values},
        checked=False,
    )
    return connection


def person_make(name: str, *connections: Connection, **values: Any) -> User:
    user = User.objects.create_user(name, password="x", **{"language": "en", "time_zone": "UTC", **values})
    for connection in connections:
        Identity.objects.create(connection=connection, external_id=f"{name}@{connection.slug}", user=user)
    return user


def tell(
    user: User, connection: Connection, *, priority: int = 5, title: str = "News", **values: Any
) -> Delivery:
    """A message, without a record unless one is given; a notice unless buttons are given."""
    buttons, record = values.pop("buttons", []), values.pop("record", None)
    about = {"object": record.object, "data": record.data} if record is not None else {}
    interaction: Interaction = interaction_open(
        card={"title": title, "buttons": buttons, **about},
        shown={},
        targets=[Target(user, connection, f"{user.username}@{connection.slug}")],
        record=record,
        event_id=None,
        source_event_id="",
        handler=values.pop("handler", "tests"),
        handler_ref="",
        priority=priority,
        is_question=bool(buttons),
        **values,
    )
    return Delivery.objects.get(interaction=interaction)
