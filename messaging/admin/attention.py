"""Quiet hours, interruption budgets and holiday calendars, for those who look after people's accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy

from messaging.forms import WISHES, AttentionForm
from messaging.models import Attention
from messaging.services.attention import held_again
from permissions.admin.base import ByRightAdmin

if TYPE_CHECKING:
    from django.forms import CheckboxSelectMultiple
else:
    from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget as CheckboxSelectMultiple


class PersonAttentionForm(AttentionForm):
    """The same as the person's own page, in the administration's dress, and for a chosen person."""

    quiet_days = forms.TypedMultipleChoiceField(
        label=gettext_lazy("quiet days"),
        required=False,
        coerce=int,
        choices=list(WEEKDAYS.items()),
        widget=CheckboxSelectMultiple(),
    )

    class Meta(AttentionForm.Meta):
        fields = ("user", *WISHES)


@admin.register(Attention)
class AttentionAdmin(ByRightAdmin):
    form = PersonAttentionForm
    list_display = ("user", "hours", "calendar", "hour_budget", "day_budget")
    search_fields = ("user__username", "user__first_name", "user__last_name")
    autocomplete_fields = ("user",)
    fields = ("user", *WISHES)

    def visible(self, request: HttpRequest) -> QuerySet[Any]:
        return super().visible(request).select_related("user", "calendar")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("user",) if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        held_again([obj.user_id])

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        held_again([obj.user_id])

    @admin.display(description=gettext_lazy("quiet hours"))
    def hours(self, wishes: Attention) -> str:
        if wishes.quiet_from is None or wishes.quiet_until is None:
            return "–"
        return f"{wishes.quiet_from:%H:%M}–{wishes.quiet_until:%H:%M}"
