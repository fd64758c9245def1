"""Tables whose model rights decide who may do what."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest

from kernel.audit import audit_record
from kernel.pages import ListAdmin
from permissions.objects import may_any


class ByRightAdmin(ListAdmin[Any]):
    """Model rights decide, and every change is in the audit trail."""

    def visible(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = self.model._default_manager.all()
        return rows if self._may(request, "view") else rows.none()

    def may_list(self, request: HttpRequest) -> bool:
        return self._may(request, "view")

    def _may(self, request: HttpRequest, action: str) -> bool:
        return may_any(request.user, action, self.model)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "view")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._may(request, "add")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "change")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "delete")

    def save_model(self, request: HttpRequest, obj: models.Model, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        changed = [name for name in form.changed_data if "password" not in name]
        act = "changed" if change else "added"
        audit_record(request.user, f"{self.opts.model_name}.{act}", obj, str(obj), fields=changed)

    def delete_model(self, request: HttpRequest, obj: models.Model) -> None:
        audit_record(request.user, f"{self.opts.model_name}.removed", obj, str(obj))
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for each in queryset:
            self.delete_model(request, each)
