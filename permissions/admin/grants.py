"""Grants: who may see and answer what."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from permissions.admin.base import ByRightAdmin
from permissions.admin.forms import GrantForm
from permissions.models import Grant
from permissions.services.following import access_changed
from permissions.services.signing import grant_people


@admin.register(Grant)
class GrantAdmin(ByRightAdmin):
    form = GrantForm
    list_display = (
        "holder",
        "verbs_words",
        "objects_words",
        "scopes_words",
        "classes_words",
        "valid_until",
        "note",
    )
    list_filter = ("group", "valid_until")
    search_fields = ("user__username", "group__name", "note")
    autocomplete_fields = ("user",)
    fieldsets = (
        (gettext_lazy("Who"), {"fields": (("user", "group"),)}),
        (gettext_lazy("What"), {"fields": ("objects_covered", "verbs", "field_classes")}),
        (gettext_lazy("Where"), {"fields": GrantForm.SCOPE_FIELDS}),
        (gettext_lazy("When"), {"fields": ("valid_from", "valid_until", "note")}),
    )

    def visible(self, request: HttpRequest) -> QuerySet[Any]:
        return super().visible(request).select_related("user", "group").order_by("-pk")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        access_changed(grant_people(obj))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        holders = grant_people(obj)
        super().delete_model(request, obj)
        access_changed(holders)

    @admin.display(description=gettext_lazy("who"))
    def holder(self, grant: Grant) -> str:
        return str(grant.user or grant.group)

    @admin.display(description=gettext_lazy("may"))
    def verbs_words(self, grant: Grant) -> str:
        return ", ".join(grant.verbs)

    @admin.display(description=gettext_lazy("objects"))
    def objects_words(self, grant: Grant) -> str:
        return ", ".join(grant.objects_covered)

    @admin.display(description=gettext_lazy("where"))
    def scopes_words(self, grant: Grant) -> str:
        return "; ".join(f"{name}: {', '.join(values)}" for name, values in grant.scopes.items()) or "–"

    @admin.display(description=gettext_lazy("field classes"))
    def classes_words(self, grant: Grant) -> str:
        return ", ".join(grant.field_classes) or "–"
