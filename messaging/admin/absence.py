"""Holiday calendars and substitutes, for those who look after people's accounts."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.errors import ConfigError
from messaging.ical import MOST_BYTES, calendar_read
from messaging.models import HolidayCalendar, Substitute
from messaging.services.absence import absence_changed, calendar_changed, calendar_import, substitute_check
from permissions.admin.base import ByRightAdmin
from permissions.models import User

if TYPE_CHECKING:
    from django.forms import Textarea
else:
    from unfold.widgets import UnfoldAdminTextareaWidget as Textarea

MOST_DAYS = 5_000


class HolidayCalendarForm(forms.ModelForm[HolidayCalendar]):
    """Days one to a line; a file adds to them."""

    days = forms.CharField(
        label=gettext_lazy("holidays"),
        required=False,
        widget=Textarea(attrs={"rows": 12}),
        help_text=gettext_lazy("One date a line, like 2026-10-01."),
    )
    worked = forms.CharField(
        label=gettext_lazy("worked weekend days"),
        required=False,
        widget=Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Weekend days on which people work, one date a line."),
    )
    file = forms.FileField(
        label=gettext_lazy("iCalendar file"),
        required=False,
        help_text=gettext_lazy("An .ics file: its whole-day events are added to the days above."),
    )

    class Meta:
        model = HolidayCalendar
        fields = ("name", "days", "worked")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("days", "worked"):
            self.initial[name] = "\n".join(getattr(self.instance, name) or ())

    def clean_days(self) -> list[str]:
        return self._dates("days")

    def clean_worked(self) -> list[str]:
        return self._dates("worked")

    def clean_file(self) -> bytes | None:
        uploaded = self.cleaned_data["file"]
        if uploaded is None:
            return None
        raw: bytes = uploaded.read(MOST_BYTES + 1)
        try:
            calendar_read(raw)
        except ConfigError as error:
            raise forms.ValidationError(error.message) from error
        return raw

    def _dates(self, name: str) -> list[str]:
        days = set()
        for line in self.cleaned_data[name].split():
            try:
                days.add(dt.date.fromisoformat(line).isoformat())
            except ValueError as error:
                raise forms.ValidationError(_("“%(text)s” is not a date.") % {"text": line[:40]}) from error
        if len(days) > MOST_DAYS:
            raise forms.ValidationError(_("A calendar has at most %(most)s days.") % {"most": MOST_DAYS})
        return sorted(days)


@admin.register(HolidayCalendar)
class HolidayCalendarAdmin(ByRightAdmin):
    form = HolidayCalendarForm
    list_display = ("name", "count")
    search_fields = ("name",)
    fields = ("name", "days", "worked", "file")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        raw = form.cleaned_data.get("file")
        if raw is None:
            calendar_changed(obj)
            return
        found = calendar_import(cast(User, request.user), obj, raw)
        text = _(
            "%(free)s holidays and %(worked)s worked weekend days were read; %(left)s events were left out."
        )
        values = {"free": len(found.free), "worked": len(found.worked), "left": found.left_out}
        messages.success(request, text % values)

    @admin.display(description=gettext_lazy("holidays"))
    def count(self, calendar: HolidayCalendar) -> int:
        return len(calendar.days)


class SubstituteForm(forms.ModelForm[Substitute]):
    class Meta:
        model = Substitute
        fields = ("user", "substitute", "starts_at", "ends_at", "note")

    def clean(self) -> dict[str, Any] | None:
        values = super().clean()
        if values is not None and not self.errors:
            row = Substitute(**{name: values[name] for name in self.Meta.fields})
            try:
                substitute_check(row)
            except ConfigError as error:
                raise forms.ValidationError(error.message) from error
        return values


@admin.register(Substitute)
class SubstituteAdmin(ByRightAdmin):
    form = SubstituteForm
    list_display = ("user", "substitute", "starts_at", "ends_at", "note")
    search_fields = ("user__username", "user__first_name", "user__last_name", "substitute__username")
    autocomplete_fields = ("user", "substitute")
    fields = ("user", "substitute", "starts_at", "ends_at", "note")

    def visible(self, request: HttpRequest) -> QuerySet[Any]:
        return super().visible(request).select_related("user", "substitute")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        absence_changed()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        absence_changed()
