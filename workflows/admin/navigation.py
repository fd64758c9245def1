"""The sidebar: only what this person may open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from connectors.models import Connection, Event
from kernel.models import AuditEntry
from messaging.models import Attention, Delivery, GroupChat, HolidayCalendar, Interaction, Reply, Substitute
from permissions.models import BreakGlass, DirectorySync, Grant, Identity, RoleMapping, User
from workflows.models import DisclosureMonth, HttpAddress, Rule, Run


@dataclass(frozen=True)
class Entry:
    """One line of the sidebar; it is there when the person may list `model`."""

    title: str | Promise
    icon: str
    model: type[models.Model]
    url: str = ""

    def link(self) -> str:
        meta = self.model._meta
        return reverse(self.url or f"admin:{meta.app_label}_{meta.model_name}_changelist")


GROUPS: tuple[tuple[str | Promise, tuple[Entry, ...]], ...] = (
    (
        _("Rules"),
        (
            Entry(_("Rules"), "rule", Rule),
            Entry(_("Runs"), "timeline", Run),
            Entry(_("Ledger"), "menu_book", Event),
            Entry(_("Dead letters"), "mark_email_unread", Event, "admin:workflows_dead_letters"),
        ),
    ),
    (
        _("Messages"),
        (
            Entry(_("Interactions"), "question_answer", Interaction),
            Entry(_("Deliveries"), "send", Delivery),
            Entry(_("Group chats"), "forum", GroupChat),
            Entry(_("Replies"), "reply", Reply),
        ),
    ),
    (
        _("Connections"),
        (
            Entry(_("Connections"), "cable", Connection),
            Entry(_("Addresses rules may call"), "http", HttpAddress),
        ),
    ),
    (
        _("People"),
        (
            Entry(_("Users"), "person", User),
            Entry(_("Roles"), "groups", Group),
            Entry(_("Identities"), "badge", Identity),
            Entry(_("People of the ERPs"), "sync_alt", DirectorySync),
            Entry(_("Role mappings"), "conversion_path", RoleMapping),
            Entry(_("Grants"), "key", Grant),
            Entry(_("Emergency access"), "emergency", BreakGlass),
            Entry(_("Access review"), "policy", DisclosureMonth),
            Entry(_("What would somebody see?"), "visibility", DisclosureMonth, "admin:workflows_seen"),
            Entry(_("Quiet hours"), "bedtime", Attention),
            Entry(_("Holiday calendars"), "event_busy", HolidayCalendar),
            Entry(_("Substitutes"), "transfer_within_a_station", Substitute),
        ),
    ),
    (_("Records"), (Entry(_("Audit trail"), "history", AuditEntry),)),
)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Unfold's navigation for this person."""
    found: list[dict[str, Any]] = [
        {"items": [{"title": _("Overview"), "icon": "dashboard", "link": reverse("admin:index")}]}
    ]
    registry = admin.site._registry
    for title, entries in GROUPS:
        items = [
            {"title": each.title, "icon": each.icon, "link": each.link()}
            for each in entries
            if each.model in registry and registry[each.model].has_view_permission(request)
        ]
        if items:
            found.append({"title": title, "separator": True, "items": items})
    return found
