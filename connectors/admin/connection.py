"""Connections: registering (tested first), settings, pausing, and the tabs of mapping and inbound bodies."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connectors import catalog
from connectors.admin.accesspage import AccessPages
from connectors.admin.forms import ConnectionForm, EditForm
from connectors.admin.inbound import InboundPages
from connectors.models import Connection, ConnectionState, RecordedObject
from connectors.ports.check import CheckReport
from connectors.ports.manifest import ConnectorKind
from connectors.selectors import dictionary_objects
from connectors.services.connections import (
    ConnectionRefused,
    connection_check,
    connection_edit,
    connection_pause,
    connection_register,
    connection_resume,
    hook_token_renew,
)
from connectors.services.limits import rates_declared
from connectors.services.poll import poll_now
from kernel.access import access
from kernel.badges import badge
from kernel.errors import BatonError, ConfigError, Conflict
from kernel.text import text_show


@admin.register(Connection)
class ConnectionAdmin(AccessPages, InboundPages):
    list_display = (
        "name",
        "connector_words",
        "state_badge",
        "reason",
        "checked_at",
        "polled",
        "failures",
        "owner",
    )
    list_filter = ("state", "kind")
    search_fields = ("name", "slug")
    detail_template = "admin/connections/detail.html"

    def visible(self, request: HttpRequest) -> QuerySet[Connection]:
        return access().visible_objects(request.user, Connection.objects.select_related("owner"))

    def may_list(self, request: HttpRequest) -> bool:
        return access().may_any(request.user, "add", Connection) or super().may_list(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Connection]:
        recorded = Prefetch("recorded_objects", RecordedObject.objects.order_by("object"))
        return self.visible(request).prefetch_related(recorded)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return access().may_any(request.user, "add", Connection)

    def may(self, request: HttpRequest, action: str, connection: Connection) -> bool:
        return access().may_object(request.user, action, connection)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("add/<str:connector>/", view(self.register_view), name="connectors_connection_register"),
            path("<int:pk>/mapping/", view(self.mappings_view), name="connectors_connection_mappings"),
            path(
                "<int:pk>/mapping/<str:name>/", view(self.mapping_view), name="connectors_connection_mapping"
            ),
            path(
                "<int:pk>/mapping/<str:name>/access/",
                view(self.access_view),
                name="connectors_connection_access",
            ),
            path("<int:pk>/inbound/", view(self.inbound_view), name="connectors_connection_inbound"),
            *super().get_urls(),
        ]

    @admin.display(description=gettext_lazy("connector"), ordering="connector")
    def connector_words(self, connection: Connection) -> str:
        return str(connection.manifest.label)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_badge(self, connection: Connection) -> str:
        return badge(connection.state, connection.get_state_display())

    @admin.display(description=gettext_lazy("reason"))
    def reason(self, connection: Connection) -> str:
        failed = [each.last_error for each in connection.recorded_objects.all() if each.last_error]
        return text_show(connection.state_reason) or next(iter(failed), "") or "–"

    @admin.display(description=gettext_lazy("last poll"))
    def polled(self, connection: Connection) -> Any:
        moments = [each.polled_at for each in connection.recorded_objects.all() if each.polled_at]
        return min(moments, default=None)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The first step of registering: which connector?"""
        self.refuse(request, self.has_add_permission(request))
        manifests = [catalog.manifest(key) for key in catalog.MANIFESTS]
        kinds = [
            (
                _("Systems that hold the records"),
                [each for each in manifests if each.kind is ConnectorKind.ERP],
            ),
            (_("Messengers"), [each for each in manifests if each.kind is ConnectorKind.IM]),
        ]
        context = {"title": _("Register a connection"), "kinds": kinds}
        return self.page(request, "admin/connections/choose.html", None, context)

    def register_view(self, request: HttpRequest, connector: str) -> HttpResponse:
        """The second step: the form of the manifest. What fails the test is not stored."""
        self.refuse(request, self.has_add_permission(request))
        if connector not in catalog.MANIFESTS:
            raise Http404
        manifest = catalog.manifest(connector)
        form = ConnectionForm(manifest, request.POST or None)
        report: CheckReport | None = None
        if request.method == "POST" and form.is_valid():
            try:
                connection, report = connection_register(
                    request.user,
                    name=form.cleaned_data["name"],
                    slug=form.cleaned_data["slug"],
                    connector=connector,
                    values=form.values(),
                    poll_seconds=form.cleaned_data.get("poll_seconds"),
                )
            except ConnectionRefused as error:
                report = error.report
            except BatonError as error:
                form.add_error(None, error.message)
            else:
                return self._once(request, connection, report, _("The connection works and is registered."))
        context = {
            "title": _("Register: %(connector)s") % {"connector": manifest.label},
            "manifest": manifest,
            "form": form,
            "report": report.as_json() if report is not None else None,
        }
        refused = request.method == "POST"
        return self.page(
            request, "admin/connections/register.html", None, context, status=400 if refused else 200
        )

    def _once(
        self, request: HttpRequest, connection: Connection, report: CheckReport | None, said: str
    ) -> HttpResponse:
        """The page that shows the hook address with its token, this one time: it is stored encrypted."""
        secrets = connection.credentials if connection.kind == ConnectorKind.ERP else {}
        context = {
            "title": connection.name,
            "said": said,
            "connection": connection,
            "report": report.as_json() if report is not None else None,
            "hook_url": hook_url(connection) if secrets else "",
            "hook_token": secrets.get("hook_token", ""),
            "hook_hmac_secret": secrets.get("hook_hmac_secret", "") if report is not None else "",
            "replies_url": replies_url(connection),
        }
        return self.page(request, "admin/connections/once.html", connection, context)

    def detail_context(self, request: HttpRequest, obj: Connection) -> dict[str, Any]:
        may_change = self.may(request, "change", obj)
        labels = {each.name: str(each.label) for each in dictionary_objects(obj.pk)}
        return {
            **self.frame(request, obj, "overview"),
            "form": self._form(obj) if may_change else None,
            "report": obj.check_report,
            "recorded": [
                {"row": each, "label": labels.get(each.object, each.object)}
                for each in obj.recorded_objects.all()
            ],
            "hook_url": hook_url(obj) if obj.kind == ConnectorKind.ERP else "",
            "replies_url": replies_url(obj),
            "settings": self._settings_words(obj),
        }

    def frame(self, request: HttpRequest, connection: Connection, tab: str) -> dict[str, Any]:
        """What every tab of a connection shows."""
        waiting = connection.events.aggregate(n=Count("pk", filter=Q(state="needs_mapping")))["n"]
        return {
            "title": connection.name,
            "connection": connection,
            "manifest": connection.manifest,
            "badge": badge(connection.state, connection.get_state_display()),
            "state_reason": text_show(connection.state_reason),
            "is_erp": connection.kind == ConnectorKind.ERP,
            "tab": tab,
            "has_limits": bool(rates_declared(connection)),
            "needs_mapping": waiting,
            "may_change": self.may(request, "change", connection),
            "may_operate": self.may(request, "operate", connection),
            "may_map": self.may_map(request, connection),
        }

    @staticmethod
    def _form(connection: Connection, data: Any = None) -> EditForm:
        known = frozenset(connection.credentials) & connection.manifest.secret_names()
        return EditForm(connection, data, secrets=known)

    @staticmethod
    def _settings_words(connection: Connection) -> list[tuple[str, str]]:
        return [
            (str(each.label), _("stored") if each.secret else str(connection.settings.get(each.name, "")))
            for each in connection.manifest.settings
            if each.name in connection.settings or each.name in connection.credentials
        ]

    def act_edit(self, request: HttpRequest, connection: Connection) -> HttpResponse | None:
        self.refuse(request, self.may(request, "change", connection))
        form = self._form(connection, request.POST)
        report: CheckReport | None = None
        if form.is_valid():
            try:
                connection_edit(
                    request.user,
                    connection,
                    form.values(),
                    name=form.cleaned_data["name"],
                    poll_seconds=form.cleaned_data.get("poll_seconds"),
                    retention_days=form.cleaned_data.get("retention_days"),
                )
            except ConnectionRefused as error:
                report = error.report
            except (ConfigError, Conflict) as error:
                form.add_error(None, error.message)
            else:
                messages.success(request, _("The new settings work and are stored."))
                return None
        context = {**self.detail_context(request, connection), "form": form, "editing": True}
        if report is not None:
            context.update(report=report.as_json(), refused=True)
        return self.page(request, self.detail_template, connection, context, status=400)

    def act_test(self, request: HttpRequest, connection: Connection) -> None:
        self.refuse(request, self.may(request, "operate", connection))
        report = connection_check(request.user, connection)
        if report.ok:
            messages.success(request, _("The connection works."))
        else:
            messages.error(request, _("The connection does not work; see the report below."))

    def act_pause(self, request: HttpRequest, connection: Connection) -> None:
        self.refuse(request, self.may(request, "operate", connection))
        connection_pause(request.user, connection, request.POST.get("reason", "")[:200])
        messages.success(request, _("Paused. Its runs wait until it is resumed."))

    def act_resume(self, request: HttpRequest, connection: Connection) -> None:
        self.refuse(request, self.may(request, "operate", connection))
        connection_resume(request.user, connection)
        messages.success(request, _("Resumed."))

    def act_poll(self, request: HttpRequest, connection: Connection) -> None:
        self.refuse(request, self.may(request, "operate", connection))
        if connection.state != ConnectionState.ACTIVE:
            raise Conflict(_("Resume the connection first."))
        poll_now(connection)
        messages.success(request, _("Every recorded object is read again now."))

    def act_token(self, request: HttpRequest, connection: Connection) -> HttpResponse:
        self.refuse(request, self.may(request, "change", connection))
        hook_token_renew(request.user, connection)
        return self._once(request, connection, None, _("A new token is in force; the old one has ended."))


def hook_url(connection: Connection) -> str:
    return f"{settings.BATON_PUBLIC_URL}/hooks/{connection.slug}/"


def replies_url(connection: Connection) -> str:
    """Where the messenger posts answers; empty when it cannot."""
    im = connection.manifest.im
    return f"{settings.BATON_PUBLIC_URL}/replies/{connection.slug}/" if im is not None and im.inbound else ""
