"""How fast a messenger connection is used: a tab of the connection, its form drawn from the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Min
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget

from connectors.admin.connection import ConnectionAdmin
from connectors.models import Connection
from connectors.ports.manifest import Quota, Rate, RateScope
from connectors.services.limits import (
    MONTH,
    MONTH_END,
    NEXT_CHANNEL,
    WAIT,
    count_safe,
    limits_set,
    quota_declared,
    quota_in_force,
    rates_declared,
)
from kernel import clock
from kernel.errors import BatonError
from kernel.pages import PageAdmin
from messaging.forecast import quota_ends_on
from messaging.models import Delivery, DeliveryState, Hold, RateBucket
from messaging.services.admission import waiting_again
from messaging.services.quota import ORDINARY_SHARE, quota_renews_at, quota_used
from permissions.objects import may_object

SCOPES = {
    RateScope.CONNECTION: gettext_lazy("Messages in any %(seconds)s s, all together"),
    RateScope.ROBOT: gettext_lazy("Messages in any %(seconds)s s through this robot"),
    RateScope.RECIPIENT: gettext_lazy("Messages in any %(seconds)s s to one recipient"),
}


ENDS = {
    WAIT: gettext_lazy("the others wait for the next month"),
    NEXT_CHANNEL: gettext_lazy("the others take the next channel of their person"),
}
NO_LIMIT = gettext_lazy("No documented limit. Empty: none.")


class LimitsForm(forms.Form):
    """One number per rate of the manifest; empty means what Baton keeps to by itself."""

    def __init__(self, connection: Connection, data: Any = None) -> None:
        super().__init__(data)
        for rate in rates_declared(connection):
            field = forms.IntegerField(
                label=SCOPES[rate.scope] % {"seconds": rate.seconds},
                help_text=_help(rate),
                required=False,
                min_value=1,
                max_value=count_safe(rate),
                widget=UnfoldAdminIntegerFieldWidget(),
                initial=(connection.limits or {}).get(rate.key),
            )
            self.fields[rate.key] = field
        quota = quota_declared(connection)
        if quota is not None:
            self._quota_fields(quota, connection.limits or {})

    def _quota_fields(self, quota: Quota, chosen: Mapping[str, Any]) -> None:
        self.fields[MONTH] = forms.IntegerField(
            label=_("Messages in a month"),
            help_text=NO_LIMIT
            if quota.count is None
            else _("Documented: %(count)s.") % {"count": quota.count},
            required=False,
            min_value=1,
            max_value=quota.count,
            widget=UnfoldAdminIntegerFieldWidget(),
            initial=chosen.get(MONTH),
        )
        self.fields[MONTH_END] = forms.ChoiceField(
            label=_("When the month’s messages are used up"),
            help_text=_("Urgent messages (the priority lane) go on: the last twentieth is kept for them."),
            choices=list(ENDS.items()),
            required=False,
            widget=UnfoldAdminSelectWidget(),
            initial=chosen.get(MONTH_END, WAIT),
        )


def _help(rate: Rate) -> str:
    if rate.count is None:
        return str(NO_LIMIT)
    return _("Documented: %(count)s. Empty: %(safe)s, which stays below it. You can set fewer.") % {
        "count": rate.count,
        "safe": count_safe(rate),
    }


@admin.register(RateBucket)
class LimitsAdmin(PageAdmin[RateBucket]):
    """Buckets have no list of their own: their connection shows them."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.limits_view)
        return [path("connection/<int:pk>/", view, name="messaging_ratebucket_connection")]

    def limits_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        pages = self.admin_site.get_model_admin(Connection)
        assert isinstance(pages, ConnectionAdmin)
        connection = pages.row(request, str(pk))
        if not rates_declared(connection):
            raise Http404
        may_change = may_object(request.user, "change", connection)
        form = LimitsForm(connection, request.POST or None)
        if request.method == "POST":
            self.refuse(request, may_change)
            if form.is_valid() and self._stored(request, connection, form):
                return HttpResponseRedirect(request.get_full_path())
        context = {
            **pages.frame(request, connection, "limits"),
            "form": form,
            "may_change": may_change,
            "in_force": _in_force(connection, form),
            "quota": quota_shown(connection),
            "waiting": waiting(connection),
        }
        status = 400 if form.errors else 200
        return pages.page(request, "admin/connections/limits.html", connection, context, status=status)

    @staticmethod
    def _stored(request: HttpRequest, connection: Connection, form: LimitsForm) -> bool:
        try:
            limits_set(request.user, connection, form.cleaned_data)
        except BatonError as error:
            form.add_error(None, error.message)
            return False
        waiting_again(connection)
        messages.success(request, _("The new limits are in force."))
        return True


def _in_force(connection: Connection, form: LimitsForm) -> list[tuple[str, Any]]:
    chosen = connection.limits or {}
    found = [
        (str(form[rate.key].label), chosen.get(rate.key) or count_safe(rate))
        for rate in rates_declared(connection)
    ]
    quota = quota_in_force(connection)
    if quota is not None:
        found += [
            (str(form[MONTH].label), quota.count),
            (str(form[MONTH_END].label), str(ENDS[quota.end])),
        ]
    return found


def quota_shown(connection: Connection) -> dict[str, Any] | None:
    """How much of the month is used, and the day on which it ends at this pace."""
    quota = quota_in_force(connection)
    if quota is None:
        return None
    now = clock.now()
    used = quota_used(connection, quota, now)
    return {
        "used": used,
        "count": quota.count,
        "ends_on": quota_ends_on(used, quota.count, now, quota.zone),
        "is_over": used >= int(quota.count * ORDINARY_SHARE),
        "renews_on": quota_renews_at(quota, now).astimezone(quota.zone).date(),
    }


def waiting(connection: Connection) -> list[dict[str, Any]]:
    """How many messages wait on this connection, why, and when the next of them is tried."""
    rows = (
        Delivery.objects.filter(connection=connection, state=DeliveryState.READY, available_at__isnull=False)
        .exclude(hold="")
        .order_by()
        .values("hold")
        .annotate(count=Count("pk"), next_at=Min("available_at"))
    )
    return [{**row, "label": Hold(row["hold"]).label} for row in rows]
