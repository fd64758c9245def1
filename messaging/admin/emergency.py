"""Emergency access: opening it with a reason, and the list of what was opened, for its people and the data owners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connectors.dictionary.objects import OBJECTS
from connectors.dictionary.words import CLASSES
from kernel.badges import badge
from kernel.errors import BatonError
from kernel.pages import PageAdmin, PageForm, column
from messaging.services.emergency import (
    LEAST_MINUTES,
    LEAST_REASON,
    MOST_MINUTES,
    emergency_end,
    emergency_open,
    is_open,
)
from permissions.models import BreakGlass, User
from permissions.objects import may_any

if TYPE_CHECKING:
    from django.forms import CheckboxSelectMultiple
else:
    from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget as CheckboxSelectMultiple

PERSON = column("user", gettext_lazy("person"))


class EmergencyForm(PageForm):
    objects = forms.MultipleChoiceField(
        label=gettext_lazy("Kinds of records"),
        choices=[(each.name, each.plural) for each in OBJECTS],
        widget=CheckboxSelectMultiple(),
    )
    classes = forms.MultipleChoiceField(
        label=gettext_lazy("Sensitive field classes"),
        required=False,
        choices=[(key.value, label) for key, label in CLASSES.items()],
        widget=CheckboxSelectMultiple(),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        min_length=LEAST_REASON,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The data owners read it at once. Opening it again needs another reason."),
    )
    minutes = forms.IntegerField(
        label=gettext_lazy("Minutes"), min_value=LEAST_MINUTES, max_value=MOST_MINUTES, initial=30
    )


@admin.register(BreakGlass)
class EmergencyAdmin(PageAdmin[BreakGlass]):
    list_display = ("number", PERSON, "what", "state_badge", "opened_at", "until", "reason")
    list_display_links = ("number",)
    list_filter = ("opened_at",)
    search_fields = ("user__username", "reason")
    detail_template = "admin/people/emergency.html"

    def visible(self, request: HttpRequest) -> QuerySet[BreakGlass]:
        rows = BreakGlass.objects.select_related("user", "ended_by").order_by("-pk")
        return rows if may_any(request.user, "view", BreakGlass) else rows.filter(user=request.user.pk)

    def may_list(self, request: HttpRequest) -> bool:
        return any(may_any(request.user, action, BreakGlass) for action in ("view", "use"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_any(request.user, "use", BreakGlass)

    @admin.display(description=gettext_lazy("emergency access"), ordering="id")
    def number(self, found: BreakGlass) -> str:
        return f"#{found.pk}"

    @admin.display(description=gettext_lazy("objects"))
    def what(self, found: BreakGlass) -> str:
        return ", ".join([*found.objects_covered, *found.field_classes])

    @admin.display(description=gettext_lazy("state"))
    def state_badge(self, found: BreakGlass) -> str:
        return badge("open", _("in force")) if is_open(found) else badge("cancelled", _("no longer in force"))

    def detail_context(self, request: HttpRequest, obj: BreakGlass) -> dict[str, Any]:
        return {
            "title": _("Emergency access #%(number)s") % {"number": obj.pk},
            "found": obj,
            "badge": self.state_badge(obj),
            "what": self.what(obj),
            "may_end": is_open(obj)
            and (obj.user_id == request.user.pk or may_any(request.user, "change", BreakGlass)),
        }

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self.refuse(request, self.has_add_permission(request))
        form = EmergencyForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            given = form.cleaned_data
            try:
                opened = emergency_open(
                    cast(User, request.user),
                    given["objects"],
                    given["classes"],
                    given["reason"],
                    given["minutes"],
                )
            except BatonError as error:
                form.add_error(None, error.message)
            else:
                messages.warning(request, _("It is open, and the data owners have been told."))
                return HttpResponseRedirect(reverse("admin:permissions_breakglass_change", args=[opened.pk]))
        context = {"title": _("Open data in an emergency"), "form": form}
        return self.page(request, "admin/people/emergency_open.html", None, context)

    def act_end(self, request: HttpRequest, found: BreakGlass) -> None:
        emergency_end(cast(User, request.user), found.pk)
        messages.success(request, _("It has ended."))
