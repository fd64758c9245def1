"""`connections/`: registering, testing, switching configured accounts. Secrets go in and never come out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import IntegrityError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.validators import UniqueValidator

from connectors import catalog
from connectors.models import Connection, ConnectionState
from connectors.services.connections import (
    connection_check,
    connection_edit,
    connection_pause,
    connection_register,
    connection_resume,
)
from connectors.services.factory import erp_open
from inbox.api.base import ApiView, Moment, person, read
from inbox.api.paging import PageQuery, page_answer, page_shape
from inbox.api.schema import CheckReportShown
from kernel.errors import ConfigError, Conflict, NotFound, PermissionDenied
from kernel.text import text_show
from permissions.models import User
from permissions.objects import may_any, may_object, visible_objects

TOKEN = "hook_token"  # noqa: S105 - the name of a credential, not one
HMAC_SECRET = "hook_hmac_secret"  # noqa: S105 - likewise
EXAMPLE = {
    "name": "Demo ERP",
    "slug": "demo-erp",
    "connector": "erp.sql",
    "settings": {"url": "postgresql+psycopg://baton@erp.example.com/erp", "password": "…"},
}


class ConnectionShown(serializers.Serializer[Any]):
    """`settings`, `secrets` (the names of those stored) and `report` are null without a right to change or
    operate it.
    """

    id = serializers.IntegerField()
    name = serializers.CharField()
    slug = serializers.SlugField()
    connector = serializers.CharField()
    kind = serializers.ChoiceField(choices=["erp", "im"])
    state = serializers.ChoiceField(choices=ConnectionState.values)
    reason = serializers.CharField(allow_blank=True)
    account = serializers.CharField(allow_blank=True)
    owner = serializers.CharField(allow_null=True)
    poll_seconds = serializers.FloatField()
    failures = serializers.IntegerField()
    retry_at = Moment(allow_null=True)
    checked_at = Moment(allow_null=True)
    created_at = Moment()
    inbound_url = serializers.CharField(
        help_text=gettext_lazy("Where the other side posts events or answers.")
    )
    may = serializers.ListField(child=serializers.ChoiceField(choices=["change", "operate", "use"]))
    settings = serializers.DictField(allow_null=True)
    secrets = serializers.ListField(child=serializers.CharField(), allow_null=True)
    report = serializers.DictField(allow_null=True)


class ConnectionRegistered(ConnectionShown):
    """The one answer that holds what the other side needs to post events; it is not shown again."""

    hook_url = serializers.CharField(allow_null=True)
    hook_token = serializers.CharField(allow_null=True)
    hook_hmac_secret = serializers.CharField(allow_null=True)


class _PollSeconds(serializers.FloatField):
    def __init__(self) -> None:
        super().__init__(required=False, min_value=0.5, max_value=86_400)


class ConnectionNew(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120, validators=[UniqueValidator(Connection.objects.all())])
    slug = serializers.RegexField(
        r"^[a-z0-9-]+$", max_length=60, validators=[UniqueValidator(Connection.objects.all())]
    )
    connector = serializers.ChoiceField(choices=sorted(catalog.MANIFESTS))
    settings = serializers.DictField(required=False, default=dict)
    poll_seconds = _PollSeconds()


class ConnectionChange(serializers.Serializer[Any]):
    """A secret that is left out or empty keeps its stored value."""

    name = serializers.CharField(max_length=120, required=False)
    settings = serializers.DictField(required=False)
    poll_seconds = _PollSeconds()


class PauseReason(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class SourceFieldShown(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = serializers.CharField(allow_blank=True)  # type: ignore[assignment]
    type = serializers.CharField()
    required = serializers.BooleanField()  # type: ignore[assignment]
    unit = serializers.CharField(allow_blank=True)
    choices = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField(allow_blank=True))
    )


class SourceShown(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = serializers.CharField(allow_blank=True)  # type: ignore[assignment]
    key_field = serializers.CharField(allow_blank=True)
    suggested_object = serializers.CharField(allow_blank=True)
    fields = SourceFieldShown(many=True)  # type: ignore[assignment]


class SourcesShown(serializers.Serializer[Any]):
    """What the other side says it has."""

    sources = SourceShown(many=True)


def connections_shown(user: User, rows: Sequence[Connection]) -> list[dict[str, Any]]:
    """Rows as `user` may see them; a fixed number of queries for any number of rows."""
    among = Connection.objects.filter(pk__in=[row.pk for row in rows])
    held = {
        action: set(visible_objects(user, among, action).values_list("pk", flat=True))
        for action in ("change", "operate", "use")
    }
    return [_connection_shown(row, [action for action, pks in held.items() if row.pk in pks]) for row in rows]


def _connection_shown(row: Connection, may: list[str]) -> dict[str, Any]:
    within = "change" in may or "operate" in may
    known = catalog.manifest(row.connector).secret_names()
    prefix = "hooks" if row.kind == "erp" else "replies"
    values = {
        "id": row.pk,
        "name": row.name,
        "slug": row.slug,
        "connector": row.connector,
        "kind": row.kind,
        "state": row.state,
        "reason": text_show(row.state_reason),
        "account": row.account,
        "owner": getattr(row.owner, "username", None),
        "poll_seconds": row.poll_seconds,
        "failures": row.failures,
        "retry_at": row.retry_at,
        "checked_at": row.checked_at,
        "created_at": row.created_at,
        "inbound_url": f"{settings.BATON_PUBLIC_URL}/{prefix}/{row.slug}/",
        "may": may,
        "settings": row.settings if within else None,
        "secrets": sorted(known & row.credentials.keys()) if within else None,
        "report": row.check_report if within else None,
    }
    return dict(ConnectionShown(values).data)


def connection_visible(user: User, pk: int, action: str = "", refusal: str = "") -> Connection:
    """Raises NotFound for one this person may not know of, PermissionDenied without the right to `action`."""
    row = visible_objects(user, Connection.objects.select_related("owner")).filter(pk=pk).first()
    if row is None:
        raise NotFound(_("There is no such connection."))
    if action and not may_object(user, action, row):
        raise PermissionDenied(refusal or _("You may not do this with this connection."))
    return row


class ConnectionList(ApiView):
    @extend_schema(parameters=[PageQuery], responses=page_shape(ConnectionShown), summary="Connections")
    def get(self, request: Request) -> Response:
        query = read(PageQuery, request.query_params)
        user = person(request)
        rows = visible_objects(user, Connection.objects.select_related("owner"))
        return page_answer(request, rows, lambda batch: connections_shown(user, batch), query.validated_data)

    @extend_schema(
        request=ConnectionNew,
        responses={201: ConnectionRegistered},
        summary="Register a connection: it is tested first, and stored only when it passes",
        examples=[OpenApiExample("SQL", EXAMPLE, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        user = person(request)
        if not may_any(user, "add", Connection):
            raise PermissionDenied(_("You may not register connections."))
        body = read(ConnectionNew, request.data)
        given = body.validated_data
        try:
            row, _report = connection_register(
                user,
                name=given["name"],
                slug=given["slug"],
                connector=given["connector"],
                values=given["settings"],
                poll_seconds=given.get("poll_seconds"),
            )
        except IntegrityError as error:
            raise Conflict(_("Somebody has just used this name. Choose another one.")) from error
        once = {name: row.credentials.get(name) for name in (TOKEN, HMAC_SECRET)}
        shown = connections_shown(user, [row])[0]
        hook_url = shown["inbound_url"] if once[TOKEN] else None
        return Response({**shown, "hook_url": hook_url, **once}, status=201)


class ConnectionOne(ApiView):
    @extend_schema(responses=ConnectionShown, summary="One connection")
    def get(self, request: Request, pk: int) -> Response:
        return _one(person(request), pk)

    @extend_schema(
        request=ConnectionChange,
        responses=ConnectionShown,
        summary="Change it: tested first, stored only when it passes",
    )
    def patch(self, request: Request, pk: int) -> Response:
        user = person(request)
        row = connection_visible(user, pk, "change", _("You may not change this connection."))
        body = read(ConnectionChange, request.data)
        given = body.validated_data
        try:
            connection_edit(
                user,
                row,
                given.get("settings", {}),
                name=given.get("name"),
                poll_seconds=given.get("poll_seconds"),
            )
        except IntegrityError as error:
            raise Conflict(_("Another connection has this name.")) from error
        return _one(user, pk)


class ConnectionCheck(ApiView):
    @extend_schema(request=None, responses=CheckReportShown, summary="Test it now; `ok` tells the result")
    def post(self, request: Request, pk: int) -> Response:
        user = person(request)
        row = connection_visible(user, pk, "operate", _("You may not test this connection."))
        return Response(CheckReportShown(connection_check(user, row).as_json()).data)


class ConnectionDiscover(ApiView):
    """Reads the other side's own description of itself; changes nothing on either side."""

    @extend_schema(responses=SourcesShown, summary="What can be read there: views, models, fields")
    def get(self, request: Request, pk: int) -> Response:
        return self._discover(request, pk)

    @extend_schema(request=None, responses=SourcesShown, summary="The same as GET")
    def post(self, request: Request, pk: int) -> Response:
        return self._discover(request, pk)

    @staticmethod
    def _discover(request: Request, pk: int) -> Response:
        row = connection_visible(person(request), pk, "operate", _("You may not look into this connection."))
        if row.manifest.erp is None or not row.manifest.erp.discovers:
            raise ConfigError(_("This kind of connection cannot be looked into."))
        with erp_open(row) as erp:
            found = erp.discover()
        return Response(SourcesShown({"sources": found}).data)


class ConnectionPause(ApiView):
    @extend_schema(request=PauseReason, responses=ConnectionShown, summary="Stop calling and listening to it")
    def post(self, request: Request, pk: int) -> Response:
        user = person(request)
        row = connection_visible(user, pk, "operate", _("You may not pause this connection."))
        body = read(PauseReason, request.data)
        connection_pause(user, row, body.validated_data["reason"])
        return _one(user, pk)


class ConnectionResume(ApiView):
    @extend_schema(request=None, responses=ConnectionShown, summary="Put it back to work")
    def post(self, request: Request, pk: int) -> Response:
        user = person(request)
        row = connection_visible(user, pk, "operate", _("You may not resume this connection."))
        connection_resume(user, row)
        return _one(user, pk)


def _one(user: User, pk: int) -> Response:
    return Response(connections_shown(user, [connection_visible(user, pk)])[0])
