"""Following an ERP's people and roles: what would change, who gains and loses what, and the button that does it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kernel.badges import badge
from kernel.errors import Conflict
from kernel.pages import PageAdmin, column
from kernel.text import Localized
from permissions.models import DirectorySync, PlanState
from permissions.objects import may_any
from permissions.services.directory import Change, plan_make
from permissions.services.following import plan_decide, sync_now

CONNECTION = column("connection", gettext_lazy("connection"))
KINDS = {
    "join": gettext_lazy("Gain a role"),
    "part": gettext_lazy("Lose a role"),
    "block": gettext_lazy("Have left, and are switched off"),
    "link": gettext_lazy("Are linked to their account"),
    "create": gettext_lazy("Are new here"),
    "conflict": gettext_lazy("Need a person to look"),
}


@admin.register(DirectorySync)
class DirectorySyncAdmin(PageAdmin[DirectorySync]):
    list_display = (CONNECTION, "state_badge", "synced_at", "accepted_at")
    list_display_links = (CONNECTION,)
    detail_template = "admin/people/directory.html"

    def visible(self, request: HttpRequest) -> QuerySet[DirectorySync]:
        rows = DirectorySync.objects.select_related("connection").prefetch_related("plans")
        return rows if may_any(request.user, "view", DirectorySync) else rows.none()

    def may_list(self, request: HttpRequest) -> bool:
        return may_any(request.user, "view", DirectorySync)

    @admin.display(description=gettext_lazy("state"))
    def state_badge(self, sync: DirectorySync) -> str:
        waits = any(each.state == PlanState.OPEN for each in sync.plans.all())
        return badge(
            "waiting" if waits else "active", _("a plan waits for a person") if waits else _("followed")
        )

    def detail_context(self, request: HttpRequest, obj: DirectorySync) -> dict[str, Any]:
        plan = obj.plans.filter(state=PlanState.OPEN).first()
        conflicts = [each for each in plan_make(obj.connection) if each["kind"] == "conflict"]
        return {
            "title": _("People of %(connection)s") % {"connection": obj.connection},
            "sync": obj,
            "plan": plan,
            "groups": _grouped([*(plan.changes if plan is not None else []), *conflicts]),
            "past": obj.plans.exclude(state=PlanState.OPEN).select_related("decided_by").order_by("-pk")[:5],
            "may_change": may_any(request.user, "change", DirectorySync),
        }

    def _may(self, request: HttpRequest) -> None:
        self.refuse(request, may_any(request.user, "change", DirectorySync))

    def act_now(self, request: HttpRequest, sync: DirectorySync) -> None:
        self._may(request)
        sync_now(sync)
        messages.success(request, _("The ERP’s people are looked at now."))

    def act_apply(self, request: HttpRequest, sync: DirectorySync) -> None:
        self._may(request)
        made = plan_decide(request.user, self._plan(request), apply=True)  # type: ignore[arg-type]
        text = ngettext("%(count)s change was made.", "%(count)s changes were made.", made)
        messages.success(request, text % {"count": made})

    def act_dismiss(self, request: HttpRequest, sync: DirectorySync) -> None:
        self._may(request)
        plan_decide(request.user, self._plan(request), apply=False)  # type: ignore[arg-type]
        messages.success(request, _("Put aside. It comes back when something else changes."))

    @staticmethod
    def _plan(request: HttpRequest) -> int:
        given = request.POST.get("plan", "")
        if not given.isdigit():
            raise Conflict(_("This plan is no longer open. Look at the newest one."))
        return int(given)


def _grouped(changes: list[Change]) -> list[dict[str, Any]]:
    """By kind, in the order of KINDS; each line says who, which account, and what."""
    found = []
    for kind, title in KINDS.items():
        lines = [
            {**each, "why": str(Localized.from_json(each["why"])) if each["why"] else ""}
            for each in changes
            if each["kind"] == kind
        ]
        if lines:
            found.append({"kind": kind, "title": title, "lines": lines})
    return found
