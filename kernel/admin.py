"""The audit trail: to be read, filtered and searched; nobody changes or deletes it."""

from __future__ import annotations

import json

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from kernel.access import access
from kernel.models import AuditEntry
from kernel.pages import ListAdmin
from kernel.text import text_show


@admin.register(AuditEntry)
class AuditEntryAdmin(ListAdmin[AuditEntry]):
    list_display = ("at", "actor", "action", "subject", "said")
    list_filter = ("action", "subject_type", "at")
    search_fields = ("actor__username", "action", "subject_id", "summary")
    list_select_related = ("actor",)
    fields = ("at", "actor", "action", "subject", "said", "details")
    readonly_fields = fields

    def visible(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        return access().visible_objects(request.user, AuditEntry.objects.all())

    def may_list(self, request: HttpRequest) -> bool:
        return access().may_any(request.user, "view", AuditEntry)

    @admin.display(description=_("about"))
    def subject(self, entry: AuditEntry) -> str:
        return f"{entry.subject_type.rpartition('.')[2]} {entry.subject_id}"

    @admin.display(description=_("summary"))
    def said(self, entry: AuditEntry) -> str:
        return text_show(entry.summary)

    @admin.display(description=_("detail"))
    def details(self, entry: AuditEntry) -> str:
        return json.dumps(entry.detail, ensure_ascii=False, indent=2) if entry.detail else "–"
