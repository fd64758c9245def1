"""A messenger with group chats in this process: who is in them, and what was posted to whom."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from connectors.models import Connection
from kernel.http import HttpClient, HttpRequest, HttpResponse
from messaging.models import GroupChat
from permissions.models import Grant, Identity, User
from tests.messaging.webhook import webhook_register
from tests.workflows.engine.source import LONG_AGO


class Chat:
    """One chat "team" of the signed webhook `hook`. `members` are addresses; those in `external` are of another company."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.connection: Connection = webhook_register()
        self.members: list[str] = []
        self.external: set[str] = set()
        self.as_of: str | None = None
        self.asked = 0
        self.posted: list[Mapping[str, Any]] = []
        self.status = 200
        self.group = GroupChat.objects.create(
            connection=self.connection, external_id="team", name="Team", language="en", time_zone="UTC"
        )
        monkeypatch.setattr(HttpClient, "send", self._send)

    def _send(self, request: HttpRequest) -> HttpResponse:
        body = json.loads(request.content)
        if self.status != 200:
            return HttpResponse(self.status, {}, b"{}")
        if body["kind"] == "members":
            self.asked += 1
            listed = [{"address": each, "external": each in self.external} for each in self.members]
            answer: dict[str, Any] = {"members": listed}
            if self.as_of is not None:
                answer["as_of"] = self.as_of
            return HttpResponse(200, {}, json.dumps(answer).encode())
        self.posted.append(body)
        return HttpResponse(200, {}, b"{}")

    def join(self, name: str, *classes: str, sees: bool = True) -> User:
        """A person in the chat, who may be told of every stock level unless `sees` is False."""
        user = User.objects.create_user(name, password="x", language="en", time_zone="UTC")
        Identity.objects.create(connection=self.connection, external_id=f"u-{name}", user=user)
        self.members.append(f"u-{name}")
        if sees:
            Grant.objects.create(
                user=user, objects_covered=["stock_level"], verbs=["see", "answer"],
                scopes={"warehouse": ["EAST"]}, field_classes=list(classes), valid_from=LONG_AGO,
            )  # fmt: skip
        return user

    def to_the_chat(self) -> list[Mapping[str, Any]]:
        return [each for each in self.posted if each.get("group") == "team"]
