"""The port every messenger connector implements, and the message that crosses it. Synchronous, no ORM, no Celery."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from connectors.ports.check import CheckReport
from connectors.ports.manifest import Manifest
from kernel.http import HttpRequest, HttpResponse


@dataclass(frozen=True)
class MessageField:
    """A labelled value, already formatted in the recipient's language and masked for the recipient."""

    label: str
    value: str
    emphasis: bool = False
    name: str = ""


@dataclass(frozen=True)
class ButtonInput:
    """An editable input that goes with a button. `type`: integer, decimal, text."""

    name: str
    label: str
    type: str
    value: str = ""


@dataclass(frozen=True)
class Button:
    """`style`: primary, secondary or danger. `replies`: texts that mean this button ("order {quantity}")."""

    key: str
    label: str
    style: str = "secondary"
    inputs: tuple[ButtonInput, ...] = ()
    replies: tuple[str, ...] = ()
    confirm: str = ""


@dataclass(frozen=True)
class Message:
    """A message as one recipient may see it, in the recipient's language. Plain text, no markup.

    `event_id` is the id the source gave the occurrence; `version` counts what the person is shown.
    """

    id: str
    event_id: str
    version: int
    title: str
    body: str = ""
    fields: tuple[MessageField, ...] = ()
    buttons: tuple[Button, ...] = ()
    state: str = "open"
    state_text: str = ""
    link: str = ""
    language: str = "en"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Message:
        values = dict(data)
        values["fields"] = tuple(MessageField(**each) for each in values.get("fields", ()))
        values["buttons"] = tuple(
            Button(
                **{
                    **each,
                    "inputs": tuple(ButtonInput(**one) for one in each.get("inputs", ())),
                    "replies": tuple(each.get("replies", ())),
                }
            )
            for each in values.get("buttons", ())
        )
        return Message(**values)


@dataclass(frozen=True)
class Rendered:
    """A payload ready to send, and in words what had to be left out or changed for this messenger."""

    payload: Mapping[str, Any]
    degraded: tuple[str, ...] = ()


@dataclass(frozen=True)
class SendResult:
    """`confirmed` False: the receiver may still discard it silently; the delivery stays *unconfirmed*."""

    vendor_message_id: str = ""
    confirmed: bool = True


@dataclass(frozen=True)
class InboundRequest:
    """An HTTP request from the vendor, untouched. Header names are lower case. `secret_values` come from the connection."""

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    received_at: dt.datetime


@dataclass(frozen=True)
class InboundReply:
    """What a person did: pressed a button of a message, or wrote a text. Or what the messenger knows: it arrived.

    `vendor_event_id` is unique per connection. `message_id` is our Message.id where the vendor tells it.
    """

    vendor_event_id: str
    address: str
    message_id: str = ""
    version: int | None = None
    button: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    is_receipt: bool = False


@dataclass(frozen=True)
class InboundResult:
    """What to answer the vendor, once the replies are stored."""

    replies: tuple[InboundReply, ...]
    status: int = 200
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """A group chat, by the messenger's own id."""

    id: str
    name: str


@dataclass(frozen=True)
class Member:
    """An account in a group chat. `is_external`: not of this company, or the messenger cannot tell that it is."""

    address: str
    is_external: bool = False


@dataclass(frozen=True)
class Membership:
    """Everybody who is in a group chat. `as_of` is when the messenger's list was made, not when it was asked for."""

    members: tuple[Member, ...]
    as_of: dt.datetime


class GroupSender(Protocol):
    """A messenger with group chats whose members it tells (`ImCapabilities.groups`). Raises kernel.errors only.

    A messenger that does not tell all members of a chat must not claim this: nobody could know who reads what is sent.
    """

    def groups(self) -> tuple[Group, ...]:
        """The group chats Baton may post to."""
        ...

    def group_members(self, group: str) -> Membership:
        """All members. Raises Rejected for a chat that is not there (any more), or whose members it does not tell."""
        ...

    def group_send(self, group: str, payload: Mapping[str, Any], *, idempotency_key: str) -> SendResult: ...

    def group_update(
        self, group: str, vendor_message_id: str, payload: Mapping[str, Any], *, idempotency_key: str
    ) -> SendResult: ...


class ManySender(Protocol):
    """A messenger whose message is one request: the outbox sends a whole batch of them at once.

    send() and update() are outgoing(), the request, and outgoing_result() in one.
    """

    def outgoing(
        self, address: str, payload: Mapping[str, Any], *, idempotency_key: str, vendor_message_id: str = ""
    ) -> HttpRequest:
        """The request of a message, or of its update when `vendor_message_id` is given. Pure but for the clock."""
        ...

    def outgoing_result(
        self, response: HttpResponse, *, idempotency_key: str, vendor_message_id: str = ""
    ) -> SendResult:
        """What the answer means. Raises kernel.errors, also for an error inside a 200."""
        ...


class ImConnector(Protocol):
    """Raises kernel.errors only."""

    manifest: Manifest

    def check(self) -> CheckReport: ...

    def render(self, message: Message) -> Rendered:
        """Pure. Escapes, truncates by bytes at character borders, degrades what the messenger lacks."""
        ...

    def send(self, address: str, payload: Mapping[str, Any], *, idempotency_key: str) -> SendResult: ...

    def update(
        self, address: str, vendor_message_id: str, payload: Mapping[str, Any], *, idempotency_key: str
    ) -> SendResult:
        """Replace a message sent before; where the vendor cannot, send a follow-up that answers it."""
        ...

    def inbound_parse(self, request: InboundRequest) -> InboundResult:
        """Verify, then parse. Pure on the request, the secret and the time.

        Raises AuthFailed (bad, missing or stale proof) and Rejected (verified but unreadable).
        """
        ...

    def close(self) -> None: ...
